"""The figures of the nightly report by mail: written beside the published file, and placed in the mail by dispatch.

They are those of the console's overview, of the same file, as texts. They name campaigns and providers, and no person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from include.core.durable import write_durably
from include.core.paths import DataPaths
from include.publish import formats, snapshot
from include.publish.console import statuses
from include.publish.console.blocks import Mark, Tile
from include.publish.console.cells import SIGNS, written
from include.publish.console.source import Live, Source
from include.publish.console.views import overview
from include.publish.limits import RECENT_DAYS
from include.publish.snapshot import Manifest

MOST = 20
"""Campaigns and findings that the mail names; the others are counted. Mail programs cut a mail of more than 102 KB."""


def write_figures(paths: DataPaths, live: Callable[[], Live] = Live) -> str:
    """Write `published/report_figures.json` of the newest published file; returns its path within the data folder.

    `live` reads the holds in force. Raises `PublishError` if nothing is published.
    """
    build = snapshot.require_build(paths)
    manifest = snapshot.read_manifest(build)
    with snapshot.open_build(build) as connection:
        source = Source(connection, manifest, {}, datetime.fromisoformat(manifest["built_at"]), live)
        figures = _figures(source, manifest)
    write_durably(paths.report_figures, orjson.dumps(figures))
    return str(paths.report_figures.relative_to(paths.root))


def _figures(source: Source, manifest: Manifest) -> dict[str, Any]:
    until = datetime.fromisoformat(manifest["built_at"])
    campaigns = source.rows("report/campaigns_of_day", since=until - timedelta(days=1), until=until)
    findings = overview.attention(source)
    return {
        "built_at": formats.moment(manifest["built_at"]),
        "days": RECENT_DAYS,
        "figures": [_figure(tile) for tile in overview.figures(source, RECENT_DAYS)],
        "findings": [{**row, "status": _status(row["status"])} for row in findings[:MOST]],
        "other_findings": len(findings[MOST:]),
        "campaigns": [_campaign(row) for row in campaigns[:MOST]],
        "other_campaigns": len(campaigns[MOST:]),
    }


def _figure(tile: Tile) -> dict[str, str]:
    value = _status(tile.mark) if tile.mark else written(tile.value, tile.kind)
    return {"label": tile.label, "value": value, "note": tile.note}


def _campaign(row: Mapping[str, Any]) -> dict[str, str]:
    counts = {name: formats.count(row[name]) for name in ("selected", "accepted", "in_doubt", "pending")}
    rates = {name: formats.percent(row[name]) for name in ("delivery_rate", "human_open_rate", "human_click_rate")}
    return {
        "name": f"{row['campaign']} {row['occurrence']}",
        "href": statuses.run_link(row),
        "people": _status(statuses.accounted(row)),
        **counts,
        **rates,
    }


def _status(mark: Mark) -> str:
    return f"{SIGNS.get(mark.tone, '')}{mark.words}"
