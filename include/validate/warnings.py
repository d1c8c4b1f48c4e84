"""Tell a person what is odd about a batch that was merged all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from include.core.alert import Alert, deliver
from include.core.paths import DataPaths
from include.warehouse.connection import fetch, open_warehouse

_SAFE = {
    "deletions": "Nobody of them is deleted, and nobody of them is mailed. The rest of the batch is merged.",
    "withdrawals": "Each of them counts: none of these people is mailed. The rest of the batch is merged.",
    "files_missing": "What only that file holds is not deleted by this pass. The rest of the batch is merged.",
}
_NEXT = {
    "deletions": "Look whether the export is whole. If it is, do nothing: the next full pass deletes them. At once: "
    'make trigger DAG=ingest_subscribers CONF=\'{"full": true, "accept": ["deletions"]}\'.',
    "withdrawals": "Look whether a column of the export changed its meaning. A good row brings a person back.",
    "files_missing": "Put the file back, or do nothing if it is gone for good.",
}


def tell(paths: DataPaths, *, run: str, dag: str = "", webhook_url: str = "") -> int:
    """Deliver an alert for each warning of a run's validations; returns how many. The same again within an hour is quiet."""
    with open_warehouse(paths) as connection:
        found = fetch(connection, "validate", "run_warnings", {"run": run}).to_pylist()
    alerts = list(_alerts(found, dag, run))
    for alert in alerts:
        deliver(paths, alert, webhook_url)
    return len(alerts)


def _alerts(found: list[dict[str, Any]], dag: str, run: str) -> Iterator[Alert]:
    for row in found:
        rule, _, sentence = row["warning"].partition(": ")
        yield Alert(
            "quality-warning", f"{row['relation']}: the rule '{rule}' is broken", f"{sentence}.", _SAFE[rule], _NEXT[rule],
            "docs/runbook/quality-stop.md#a-warning", "warning", dag, run, "warn", about=f"{row['relation']} {rule}",
        )  # fmt: skip
