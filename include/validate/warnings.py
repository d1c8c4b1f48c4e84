"""Tell a person what is odd about a batch that was merged all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from include.core.alert import Alert, deliver
from include.core.paths import DataPaths
from include.warehouse.connection import fetch, open_warehouse

_SAFE = {
    "deletions": "None of them is deleted, and no subscriber among them is mailed. The rest of the batch is merged.",
    "withdrawals": "Each of them counts: none of these people is mailed. The rest of the batch is merged.",
    "files_missing": "What only that file holds is not deleted by this pass. The rest of the batch is merged.",
    "relation_missing": "What is known of it stays as it is, and grows old. The rest of the batch is merged.",
}
_NEXT = {
    "deletions": "Look whether the export is whole. If it is, do nothing: the next full pass deletes them. At once: "
    'make trigger DAG=ingest_subscribers CONF=\'{"full": true, "accept": ["deletions"]}\'.',
    "withdrawals": "Look whether a column of the export changed its meaning. A good row brings a person back.",
    "files_missing": "Put the file back, or do nothing if it is gone for good.",
    "relation_missing": "Put its table or files back, or do nothing if it is gone for good: this is told once.",
}
_GONE = "relation_missing: the pass before read it, and the source does not have it any more"


def tell(paths: DataPaths, *, run: str, dag: str = "", webhook_url: str = "") -> int:
    """Deliver an alert for each warning of a run's validations; returns how many. The same again within an hour is quiet."""
    with open_warehouse(paths) as connection:
        found = [row for name in ("run_warnings", "relations_missing") for row in _rows(connection, name, run)]
    alerts = list(_alerts(found, dag, run))
    for alert in alerts:
        deliver(paths, alert, webhook_url)
    return len(alerts)


def _rows(connection: duckdb.DuckDBPyConnection, name: str, run: str) -> list[dict[str, Any]]:
    return fetch(connection, "validate", name, {"run": run}).to_pylist()


def _alerts(found: list[dict[str, Any]], dag: str, run: str) -> Iterator[Alert]:
    for row in found:
        rule, _, sentence = row.get("warning", _GONE).partition(": ")
        yield Alert(
            "quality-warning", f"{row['relation']}: the rule '{rule}' is broken", f"{sentence}.", _SAFE[rule], _NEXT[rule],
            "docs/runbook/quality-stop.md#a-warning", "warning", dag, run, "warn", about=f"{row['relation']} {rule}",
        )  # fmt: skip
