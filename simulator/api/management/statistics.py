"""/v3/stats by account, category and mailbox provider. Each event counts once, even if the webhook posts it repeatedly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from simulator import clock
from simulator.api.management.parsing import BadRequest
from simulator.api.responses import json_response
from simulator.state import SIMULATOR

METRICS = (
    "blocks", "bounce_drops", "bounces", "clicks", "deferred", "delivered", "invalid_emails", "opens", "processed",
    "requests", "spam_report_drops", "spam_reports", "unique_clicks", "unique_opens", "unsubscribe_drops", "unsubscribes",
)  # fmt: skip
PROVIDER_METRICS = (
    "blocks", "bounces", "clicks", "deferred", "delivered", "drops", "opens", "spam_reports", "unique_clicks",
    "unique_opens",
)  # fmt: skip
DROPS = ("bounce_drops", "invalid_emails", "spam_report_drops", "unsubscribe_drops")
NAMES = {"gmail": "Gmail", "yahoo": "Yahoo", "outlook": "Microsoft", "icloud": "Apple", "other": "Other"}
SUMS = (
    "select day, category, provider, metric, sum(value) as value from stats where day between ? and ? "
    "and category in (select value from json_each(?)) group by day, category, provider, metric"
)
Counts = dict[tuple[str, str], dict[str, int]]


async def account(request: web.Request) -> web.Response:
    """Totals of the account."""
    sums = await _sums(request, [""], "category")
    return json_response(
        [{"date": day, "stats": [{"metrics": _complete(found.get(""))}]} for day, found in _periods(request, sums)]
    )


async def categories(request: web.Request) -> web.Response:
    """Totals of one category. The specification types the parameter as one string, so exactly one is required."""
    names = request.query.getall("categories", [])
    if len(names) != 1 or not names[0]:
        raise BadRequest(400, "Name one category", "categories")
    sums = await _sums(request, names, "category")
    return json_response([
        {"date": day, "stats": [{"type": "category", "name": name, "metrics": _complete(found.get(name))} for name in names]}
        for day, found in _periods(request, sums)
    ])  # fmt: skip


async def providers(request: web.Request) -> web.Response:
    """Totals by mailbox provider."""
    sums = await _sums(request, [""], "provider")
    return json_response([{"date": day, "stats": _by_provider(found)} for day, found in _periods(request, sums)])


def _by_provider(found: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    return [
        {"type": "mailbox_provider", "name": shown, "metrics": _provider(found[name])}
        for name, shown in NAMES.items()
        if name in found
    ]


async def _sums(request: web.Request, names: list[str], by: str) -> Counts:
    """Metrics by (period, name)."""
    first, last = _span(request)
    rows = await request.app[SIMULATOR].database.read(
        SUMS, first.isoformat(), last.isoformat(), orjson.dumps(names).decode()
    )
    sums: Counts = defaultdict(lambda: defaultdict(int))
    for row in rows:
        sums[_period(request, date.fromisoformat(row["day"])), row[by]][row["metric"]] += row["value"]
    return sums


def _periods(request: web.Request, sums: Counts) -> Iterator[tuple[str, dict[str, dict[str, int]]]]:
    """Every period of the requested span with its metrics by name."""
    first, last = _span(request)
    days = (first + timedelta(days=at) for at in range((last - first).days + 1))
    for period in dict.fromkeys(_period(request, day) for day in days):
        yield period, {name: counts for (of, name), counts in sums.items() if of == period}


def _span(request: web.Request) -> tuple[date, date]:
    try:
        first = date.fromisoformat(request.query["start_date"])
        last = date.fromisoformat(request.query.get("end_date", datetime.fromtimestamp(clock.now(), UTC).date().isoformat()))
    except (KeyError, ValueError) as error:
        raise BadRequest(400, "start_date is required, as YYYY-MM-DD", "start_date") from error
    if last < first:
        raise BadRequest(400, "end_date is before start_date", "end_date")
    return first, last


def _period(request: web.Request, day: date) -> str:
    """The first day of the period that contains a day."""
    by = request.query.get("aggregated_by", "day")
    starts = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}
    if by not in starts:
        raise BadRequest(400, "aggregated_by is one of day, week, month", "aggregated_by")
    return starts[by].isoformat()


def _complete(counts: dict[str, int] | None) -> dict[str, Any]:
    return {metric: (counts or {}).get(metric, 0) for metric in METRICS}


def _provider(counts: dict[str, int]) -> dict[str, int]:
    with_drops = {**counts, "drops": sum(counts.get(name, 0) for name in DROPS)}
    return {metric: with_drops.get(metric, 0) for metric in PROVIDER_METRICS}


ROUTES = [
    web.get("/v3/stats", account),
    web.get("/v3/categories/stats", categories),
    web.get("/v3/mailbox_providers/stats", providers),
]
