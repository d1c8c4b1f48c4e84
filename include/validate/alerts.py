"""Alerts to the operator about a validated batch: warnings of an accepted batch, and many suppressed subscribers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from data_quality.catalogue import effect, rules
from include.core.alert import NOWHERE, Alert, Route, deliver
from include.core.paths import DataPaths
from include.warehouse.connection import fetch, open_warehouse

MIN_SUPPRESSED_SHARE = 0.01
MIN_SUPPRESSED = 20
"""Both limits must be reached: one bad row is routine, and a list may be small."""

_SAFE = {
    "deletions": "None of them is deleted, and no subscriber among them is mailed. The rest of the batch is merged.",
    "withdrawals": "Each withdrawal takes effect: none of these subscribers is mailed. The rest of the batch is merged.",
    "files_missing": "Rows that were only in that file are not deleted by this pass. The rest of the batch is merged.",
    "relation_missing": "Its rows in the warehouse are kept and no longer updated. The rest of the batch is merged.",
}
_NEXT_STEP = {
    "deletions": "Check that the export is complete. If it is, do nothing: the next full pass deletes them. To do so now: "
    'make trigger DAG=ingest_subscribers CONF=\'{"full": true, "accept": ["deletions"]}\'.',
    "withdrawals": "Check whether a column of the export has changed its meaning. A good row ends a suppression.",
    "files_missing": "Restore the file. If it was removed on purpose, do nothing.",
    "relation_missing": "Restore its table or files. If it was removed on purpose, do nothing: this alert is not repeated.",
}
_RELATION_MISSING = "relation_missing: the previous pass read it, and the source no longer has it"


class _Warning(NamedTuple):
    """One row of run_warnings.sql: `<rule>: <sentence>`."""

    relation: str
    warning: str


def alert_on_warnings(paths: DataPaths, *, run: str, dag: str = "", route: Route = NOWHERE) -> int:
    """Deliver an alert for each warning of a run; returns how many. A repeat within an hour is not posted again."""
    params = {"run": run}
    with open_warehouse(paths) as connection:
        found = [_Warning(**row) for row in fetch(connection, "validate", "run_warnings", params).to_pylist()]
        missing = fetch(connection, "validate", "relations_missing", params).to_pylist()
    found += [_Warning(row["relation"], _RELATION_MISSING) for row in missing]
    alerts = list(_warning_alerts(found, dag, run))
    for alert in alerts:
        deliver(paths, alert, route)
    return len(alerts)


def _warning_alerts(found: list[_Warning], dag: str, run: str) -> Iterator[Alert]:
    """One alert per relation and rule, with every sentence about it."""
    sentences: dict[tuple[str, str], list[str]] = {}
    for row in found:
        rule, _, sentence = row.warning.partition(": ")
        sentences.setdefault((row.relation, rule), []).append(f"{sentence}.")
    for (relation, rule), said in sentences.items():
        safe, next_step = _SAFE.get(rule), _NEXT_STEP.get(rule)
        yield Alert(
            "quality-warning", f"{relation}: the rule '{rule}' is broken", " ".join(said),
            safe or effect(rule, "warning", relation), next_step or rules()[rule].remedy,
            "docs/runbook/quality-stop.md#a-warning", "warning", dag, run, "warn", about=f"{relation} {rule}",
        )  # fmt: skip


def alert_on_suppressed(paths: DataPaths, run: str, *, route: Route = NOWHERE, dag: str = "", task: str = "") -> int:
    """How many subscribers this run's quarantined rows suppress; delivers an alert where they are many."""
    with open_warehouse(paths) as connection:
        (found,) = fetch(connection, "validate", "row_quarantined_count", {"run": run}).to_pylist()
    suppressed, live = int(found["suppressed"]), int(found["live"])
    if suppressed >= MIN_SUPPRESSED and suppressed >= MIN_SUPPRESSED_SHARE * live:
        deliver(paths, _suppressed_alert(suppressed, live, dag, run, task), route)
    return suppressed


def _suppressed_alert(suppressed: int, live: int, dag: str, run: str, task: str) -> Alert:
    return Alert(
        "row-quarantined", f"{suppressed} subscribers are suppressed because their rows are in quarantine",
        f"Their rows in this batch cannot be read as consent to mail: {suppressed / live:.1%} of {live} subscribers.",
        "They get no mail until a good row of theirs arrives. No unsubscribe is lost.",
        "Open the quality page, find the rules that the rows break, and fix the source.",
        "docs/runbook/row-quarantined.md#what-to-do", "warning", dag, run, task, about=run,
    )  # fmt: skip
