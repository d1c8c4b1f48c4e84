"""Preview mode: counts the audience and renders samples. Nothing is frozen, nothing is sent.

The slots of the whole audience are filled, so that a template that fails for any person fails here. The page shows a few
real combinations with placeholder names; it is in the data folder and contains no personal data.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.core.campaign import Campaign
from include.core.durable import write_durably
from include.core.secrets import Secrets
from include.dispatch.content import Content, SlotFiller, render_one
from include.dispatch.plan import freeze
from include.dispatch.plan.audience import Audience, AudienceCounts, select_segment
from include.dispatch.plan.chunking import Chunking, cut_into_chunks, read_people
from include.dispatch.plan.occurrence import occurrence_of
from include.dispatch.plan.writer import group_runs
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

STAND_IN = {"first_name": "Alex", "last_name": "Example"}
SAMPLES = 2


class Preview(AudienceCounts):
    """The result of a preview. `page` is relative to the data folder."""

    page: str


def preview(stores: Stores, campaign: Campaign, *, run: str, edge_url: str, at: datetime) -> Preview:
    """Evaluate the audience, fill the slots of all planned people, and write a page.

    Raises the errors of planning: `PlanError` with file and line.
    """
    contents = freeze.compile_contents(campaign)
    occurrence = occurrence_of(campaign, at)
    with open_warehouse(stores.paths) as warehouse:
        audience = select_segment(warehouse, stores.ledger, campaign, occurrence=occurrence, at=at)
        chunking = cut_into_chunks(warehouse, campaign, at)
        samples = _fill_everybody(warehouse, stores.secrets, chunking, edge_url, contents)
        reasons = fetch(warehouse, "dispatch", "audience_reasons").to_pylist()
    page = stores.paths.previews / campaign.id / f"{re.sub(r'[^A-Za-z0-9]+', '-', run)[:80]}.html"
    write_durably(page, _page(campaign, occurrence, audience, reasons, samples).encode())
    log.info("%s %s: nothing is sent; the preview is %s: %s", campaign.id, occurrence, page, audience.counts())
    return {"page": str(page.relative_to(stores.paths.root)), **audience.counts()}


def _fill_everybody(
    warehouse: duckdb.DuckDBPyConnection,
    secrets: Secrets,
    chunking: Chunking,
    edge_url: str,
    contents: Mapping[str, Content],
) -> list[dict[str, Any]]:
    """Fill the slots of all planned people; return a few rendered samples of each content."""
    fillers = freeze.with_tracking_variants({name: SlotFiller(content) for name, content in contents.items()})
    columns = {"mail_group", *_LINKS}.union(*(content.fields for content in contents.values()))
    samples: list[dict[str, Any]] = []
    shown: dict[str, int] = {}
    contents_of = chunking.contents()
    for batch in read_people(warehouse, secrets, chunking, edge_url, columns):
        for group, some in group_runs(batch):
            name = contents_of[group]
            fillers[name].fill(some)
            wanted = SAMPLES - shown.get(name, 0)
            shown[name] = shown.get(name, 0) + max(wanted, 0)
            samples += [_sample(name, contents, person) for person in some.slice(0, max(wanted, 0)).to_pylist()]
    return samples


def _sample(name: str, contents: Mapping[str, Content], person: Mapping[str, Any]) -> dict[str, Any]:
    links = {field: f"{person[field].rpartition('/')[0].rpartition('/')[0]}/…" for field in _LINKS}
    rendered = render_one(contents[name.rpartition(".")[0]], {**person, **STAND_IN, **links})
    return {"content": name, "subject": rendered.subject, "html": rendered.html, "text": rendered.text}


_LINKS = ("unsubscribe_url", "preferences_url", "confirm_url")


def _page(
    campaign: Campaign, occurrence: str, audience: Audience, reasons: list[dict[str, Any]], samples: list[dict[str, Any]]
) -> str:
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True, undefined=StrictUndefined)
    return pages.get_template("preview.html.j2").render(
        campaign=campaign, occurrence=occurrence, counts=audience.counts(), reasons=reasons, samples=samples
    )
