"""Fetches SendGrid's statistics by category, for reconciling them with the received events."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from include.core.paths import DataPaths
from include.sendgrid.management import NotOffered, call
from include.warehouse.connection import fetch, open_warehouse, run, transaction

log = logging.getLogger(__name__)

WHERE = "SendGrid, GET /v3/categories/stats"
SCHEMA = pa.schema([("day", pa.date32()), ("category", pa.string()), ("metric", pa.string()), ("value", pa.int64())])


def fetch_totals(account: SendGridAccount, paths: DataPaths, *, days: int = 7) -> dict[str, int | str]:
    """Replace the last `days` days in `engagement.esp_totals`, for every campaign that was planned in them.

    Returns counts, or `{"totals": "not offered"}` if the provider has no statistics. Idempotent. Raises
    `ConfigurationError` and `EspUnavailable` as `sendgrid.management.call` does.
    """
    now = clock.now()
    since = now - timedelta(days=days)
    with open_warehouse(paths) as warehouse:
        categories = fetch(warehouse, "collect", "categories", {"since": since})["category"].to_pylist()
    try:
        rows = [row for category in categories for row in _totals(account, category, since.date(), now.date())]
    except NotOffered:
        return {"totals": "not offered"}
    with open_warehouse(paths) as warehouse:
        warehouse.register("fetched_totals", pa.Table.from_pylist(rows, schema=SCHEMA))
        with transaction(warehouse):
            run(warehouse, "collect", "esp_totals_delete")
            run(warehouse, "collect", "esp_totals_insert", {"fetched_at": now})
    log.info("fetched %d totals of %d categories", len(rows), len(categories))
    return {"categories": len(categories), "totals": len(rows)}


def _totals(account: SendGridAccount, category: str, first: date, last: date) -> list[dict[str, Any]]:
    """Fetch one category: in the specification `categories` is one string, although its text mentions up to ten."""
    query = {"start_date": first.isoformat(), "end_date": last.isoformat(), "aggregated_by": "day", "categories": category}
    answer = call(account, "get", "categories/stats", query=query)
    try:
        return [
            {"day": date.fromisoformat(day["date"]), "category": stat["name"], "metric": metric, "value": int(value)}
            for day in _list(answer)
            for stat in day["stats"]
            for metric, value in stat["metrics"].items()
        ]
    except (TypeError, KeyError, ValueError, AttributeError):
        raise EspUnavailable("returned something that is not statistics.", where=WHERE, remedy="Try again.") from None


def _list(answer: Any) -> list[Any]:
    if not isinstance(answer, list):
        raise TypeError("not a list")
    return answer
