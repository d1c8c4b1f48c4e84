"""Builds previews: for a run of a campaign's DAG, and for a writer at work. Nothing is planned and nothing is sent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb

from include.core.campaign import Campaign
from include.core.durable import write_durably
from include.core.errors import ConfigurationError, PlanError, TradewindError
from include.core.finding import ORDER, refuse
from include.core.journey_mail import inspect_mail, journey_of
from include.core.occurrence import occurrence_of
from include.core.pace import AccountPace
from include.core.suggestion import suggest
from include.dispatch.content import Content
from include.dispatch.content.compiled_files import CompiledFiles
from include.dispatch.content.products import ProductRows, first_of_catalogue
from include.dispatch.plan.audience import AudienceCounts, select_as_if_due, select_recipients
from include.dispatch.plan.chunking import cut_into_chunks
from include.dispatch.plan.contents import compile_contents, with_products
from include.dispatch.plan.live_audience import IsRunning, always
from include.dispatch.preview.audience_report import REASONS, as_if_due, live_now
from include.dispatch.preview.files import page_name
from include.dispatch.preview.inside import select_inside
from include.dispatch.preview.mails import compile_each, content_problems, fill_everybody, inspect, render_mails
from include.dispatch.preview.model import Choice, LiveRun, Preview, Problem, Sum
from include.dispatch.preview.page import page
from include.dispatch.preview.people import Person, chosen_people, example_people, with_personal_lists
from include.dispatch.preview.pictures import browser, take_pictures
from include.dispatch.preview.schedule import schedule
from include.dispatch.product_rows import shared_rows, write_personal_lists
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse
from include.warehouse.reading import read_warehouse

log = logging.getLogger(__name__)

READ_SECONDS = 5.0
"""A writer's preview interrupts its queries after this time: tasks that write to the warehouse wait for it."""
EXAMPLES = "The people are fictional (include/example_people.yaml)"
INVENTED = "Names are invented; everything else is from the warehouse."


class UnknownPerson(ConfigurationError):
    """A preview was asked for a person who does not exist."""


class Previewed(AudienceCounts):
    """The result of a preview run: the people if the mail were due. `page` is relative to the data folder."""

    page: str


@dataclass(frozen=True)
class Selection:
    """The people of a preview, and what is known of the audience; without a warehouse, only examples."""

    people: list[Person]
    people_from: str
    as_if_due: Sum | None = None
    live: LiveRun | None = None
    zones: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    products: ProductRows | None = None


def preview_run(
    stores: Stores,
    campaign: Campaign,
    *,
    run: str,
    edge_url: str,
    account: AccountPace,
    at: datetime,
    with_pictures: bool = False,
    approval: str = "",
    occurrence: str = "",
    is_running: IsRunning = always,
) -> Previewed:
    """The preview of a DAG run: also fills the slots of everybody who would get the mail, and writes page and pictures.

    `approval` says what an approval of it means, if people are asked for one. `occurrence` is by default the one at `at`.

    Raises the errors of planning: `PlanError` with file and line.
    """
    found = inspect(campaign)
    refuse(found, PlanError)
    contents = compile_contents(campaign)
    warnings = [Problem.of(finding) for finding in found]
    for name, content in contents.items():
        warnings += content_problems(campaign, name, content)
    with open_warehouse(stores.paths) as warehouse:
        live = live_now(warehouse, stores.ledger, campaign, contents, at, is_running)
        select_inside(warehouse, stores.ledger, campaign)
        occurrence = occurrence or occurrence_of(campaign, at)
        audience = select_as_if_due(warehouse, stores.ledger, campaign, occurrence=occurrence, at=at)
        fill_everybody(warehouse, stores.secrets, cut_into_chunks(warehouse, campaign, at), edge_url, contents)
        selection = _selection(warehouse, campaign, as_if_due(warehouse, campaign, audience), live)
        selection = _with_products(warehouse, contents, selection)
    contents = _with_rows(campaign, contents, selection)
    shown = _preview(campaign, contents, selection, list(dict.fromkeys(warnings)), edge_url=edge_url, account=account, at=at)
    shown = replace(shown, approval=approval, occurrence=occurrence)
    file = stores.paths.previews / campaign.id / page_name(run)
    pictures = take_pictures(shown.mails, file.with_suffix("")) if with_pictures else []
    links = [f"{file.stem}/{picture.name}" for picture in pictures]
    write_durably(file, page(shown, pictures=links, has_browser=browser() is not None).encode())
    log.info("%s %s: nothing is sent; the preview is %s: %s", campaign.id, shown.occurrence, file, audience.counts())
    return {"page": str(file.relative_to(stores.paths.root)), **audience.counts()}


def preview_now(
    stores: Stores | None,
    campaign_id: str,
    choice: Choice,
    *,
    edge_url: str,
    account: AccountPace,
    at: datetime,
    compiled: CompiledFiles | None = None,
) -> Preview:
    """The preview for a writer: errors become problems on the page. `stores`: None before the first run.

    `compiled` keeps what did not change since the last one.
    """
    compiled = compiled or CompiledFiles()
    findings, campaign = inspect_mail(campaign_id)
    problems = [Problem.of(finding) for finding in findings]
    if campaign is None:
        return Preview(campaign_id, at, problems=problems)
    try:
        contents, found = compile_each(campaign, choice, compiled)
        selection = _select(stores, campaign, contents, choice, at)
    except TradewindError as error:
        return Preview(campaign_id, at, problems=[*problems, Problem.of(error)])
    contents = _with_rows(campaign, contents, selection, compiled)
    return _preview(campaign, contents, selection, [*problems, *found], edge_url=edge_url, account=account, at=at)


def has_errors(shown: Preview) -> bool:
    """Whether a send would be refused."""
    return any(problem.severity == "error" for problem in shown.problems)


def _preview(
    campaign: Campaign,
    contents: Mapping[str, Content],
    selection: Selection,
    problems: list[Problem],
    *,
    edge_url: str,
    account: AccountPace,
    at: datetime,
) -> Preview:
    mails, found = render_mails(campaign, contents, selection.people, edge_url)
    if selection.people_from.startswith(EXAMPLES):
        found = [replace(problem, severity="warning") for problem in found]
    every = sorted([*selection.problems, *problems, *found], key=lambda problem: ORDER[problem.severity])
    return Preview(
        campaign.name, at, campaign, occurrence_of(campaign, at), selection.people_from, every, mails,
        selection.as_if_due, selection.live,
        schedule(campaign, selection.zones, account, at) if selection.as_if_due else None,
    )  # fmt: skip


def _with_rows(
    campaign: Campaign, contents: Mapping[str, Content], selection: Selection, compiled: CompiledFiles | None = None
) -> dict[str, Content]:
    """The contents with the products that everybody is shown."""
    return with_products(
        campaign, contents, lambda _lists: selection.products or first_of_catalogue(), is_linted=False, compiled=compiled
    )  # fmt: skip


def _select(
    stores: Stores | None, campaign: Campaign, contents: Mapping[str, Content], choice: Choice, at: datetime
) -> Selection:
    """The people of the warehouse, or examples if there is none, or if it cannot be read now."""
    if stores is None or not stores.paths.warehouse.is_file():
        return Selection(_examples(choice), f"{EXAMPLES}, since nothing has been run yet.")
    try:
        with read_warehouse(stores.paths) as warehouse, _interrupted(warehouse):
            return _read(warehouse, stores, campaign, contents, choice, at)
    except duckdb.InterruptException:
        why = f"counting takes longer than {READ_SECONDS:.0f} s; a preview run of the campaign's DAG has the time"
    except UnknownPerson:
        raise
    except TradewindError as error:
        why = str(error).rstrip(".")
    return Selection(example_people(), f"{EXAMPLES}.", problems=[Problem("warning", f"No people of the warehouse: {why}.")])


def _examples(choice: Choice) -> list[Person]:
    """The fictional people, or the one who is chosen. Raises `UnknownPerson`: there are no subscribers yet."""
    known = {str(person.values["subscriber_id"]): person for person in example_people()}
    if choice.person is None:
        return list(known.values())
    if choice.person in known:
        return [known[choice.person]]
    what = "is not a fictional person, and there are no subscribers, since nothing has been run yet."
    raise UnknownPerson(what, where=f"PERSON={choice.person[:60]}", remedy=suggest(choice.person, known, kind="people"))


def _read(
    warehouse: duckdb.DuckDBPyConnection,
    stores: Stores,
    campaign: Campaign,
    contents: Mapping[str, Content],
    choice: Choice,
    at: datetime,
) -> Selection:
    occurrence = occurrence_of(campaign, at)
    live = live_now(warehouse, stores.ledger, campaign, contents, at)
    select_inside(warehouse, stores.ledger, campaign)
    audience = select_as_if_due(warehouse, stores.ledger, campaign, occurrence=occurrence, at=at)
    selection = _selection(warehouse, campaign, as_if_due(warehouse, campaign, audience), live)
    selection = _with_products(warehouse, contents, selection)
    if choice.person is None:
        return selection
    select_recipients(warehouse, stores.ledger, campaign, [choice.person], occurrence=occurrence, at=at)
    named = replace(selection, people=[_named_person(warehouse, choice.person)], people_from="")
    return replace(_with_products(warehouse, contents, named), products=selection.products)


def _with_products(warehouse: duckdb.DuckDBPyConnection, contents: Mapping[str, Content], selection: Selection) -> Selection:
    """The selection with the products that its mails show to everybody and to each person."""
    lists = frozenset[str]().union(*(content.product_lists for content in contents.values()))
    people = selection.people
    if any("products" in content.fields for content in contents.values()):
        write_personal_lists(warehouse, wanted=True)
        people = with_personal_lists(warehouse, people)
    return replace(selection, people=people, products=shared_rows(warehouse, lists))


def _selection(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, due: Sum, live: LiveRun) -> Selection:
    """The people of temp table `audience`; examples if it is empty."""
    people, zones = chosen_people(warehouse), fetch(warehouse, "dispatch", "audience_zones").to_pylist()
    if people:
        return Selection(people, INVENTED, due, live, zones)
    journey = journey_of(campaign.id)
    where = f"inside the journey {journey}" if journey else f"in the segment {campaign.segments}"
    nobody = Problem("warning", f"Nobody is {where} now.")
    return Selection(example_people(), f"{EXAMPLES}.", due, live, zones, [nobody])


def _named_person(warehouse: duckdb.DuckDBPyConnection, person: str) -> Person:
    found = chosen_people(warehouse, named=True)
    if not found:
        raise UnknownPerson("is not a subscriber.", where=f"PERSON={person[:60]}", remedy="Name a subscriber id.")
    reasons = fetch(warehouse, "dispatch", "audience_reasons").to_pylist()
    why = f", who would not get it ({REASONS.get(reasons[0]['reason'], reasons[0]['reason'])})" if reasons else ""
    return replace(found[0], shown_as=f"subscriber {person}{why}")


@contextmanager
def _interrupted(warehouse: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt the queries of the block after `READ_SECONDS`."""
    timer = threading.Timer(READ_SECONDS, warehouse.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
