"""SendGrid's totals by category, for reconciliation: what it counted against what it told us."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from include.core.paths import DataPaths
from include.core.sendgrid_management import NotOffered, call
from include.warehouse.connection import fetch, open_warehouse, run, transaction

log = logging.getLogger(__name__)

CATEGORIES_A_CALL = 10
WHERE = "SendGrid, GET /v3/categories/stats"
SCHEMA = pa.schema([("day", pa.date32()), ("category", pa.string()), ("metric", pa.string()), ("value", pa.int64())])


def fetch_totals(account: SendGridAccount, paths: DataPaths, *, days: int = 7) -> dict[str, int | str]:
    """Ask for the last `days` days of every campaign planned in them and replace those in `engagement.esp_totals`.

    Returns counts, or `{"totals": "not offered"}` where the provider has no statistics. Idempotent. Raises
    `ConfigurationError` and `EspUnavailable` as `core.sendgrid_management.call` does.
    """
    now = clock.now()
    since = now - timedelta(days=days)
    with open_warehouse(paths) as warehouse:
        categories = fetch(warehouse, "collect", "categories", {"since": since})["category"].to_pylist()
    try:
        rows = [row for some in _tens(categories) for row in _totals(account, some, since.date(), now.date())]
    except NotOffered:
        return {"totals": "not offered"}
    with open_warehouse(paths) as warehouse:
        warehouse.register("fetched_totals", pa.Table.from_pylist(rows, schema=SCHEMA))
        with transaction(warehouse):
            run(warehouse, "collect", "totals_clear")
            run(warehouse, "collect", "totals_fill", {"fetched_at": now})
    log.info("fetched %d totals of %d categories", len(rows), len(categories))
    return {"categories": len(categories), "totals": len(rows)}


def _tens(categories: list[str]) -> Iterator[list[str]]:
    """SendGrid takes ten categories a call."""
    yield from (categories[start : start + CATEGORIES_A_CALL] for start in range(0, len(categories), CATEGORIES_A_CALL))


def _totals(account: SendGridAccount, categories: list[str], first: date, last: date) -> list[dict[str, Any]]:
    query = {"start_date": first.isoformat(), "end_date": last.isoformat(), "aggregated_by": "day", "categories": categories}
    answer = call(account, "get", "categories/stats", query=query)
    try:
        return [
            {"day": date.fromisoformat(day["date"]), "category": stat["name"], "metric": metric, "value": int(value)}
            for day in _list(answer)
            for stat in day["stats"]
            for metric, value in stat["metrics"].items()
        ]
    except (TypeError, KeyError, ValueError, AttributeError):
        raise EspUnavailable("answered something that is not statistics.", where=WHERE, remedy="Try again.") from None


def _list(answer: Any) -> list[Any]:
    if not isinstance(answer, list):
        raise TypeError("not a list")
    return answer
