"""The audits: the checks of one with verdict, evidence and advice, and the verdicts of the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from include.publish import formats
from include.publish.console import statuses
from include.publish.console.blocks import Block, Choice, Column, Filter, Page, Prose, Row, Section, Table, Tile, Tiles
from include.publish.console.source import Source
from include.publish.console.view import View

NEWEST = (
    "The page Audit in Airflow's menu has the newest audit at once; this one has those of before the last nightly_analytics."
)


def build(source: Source) -> Page:
    """The page for the audit of the filter, by default the newest."""
    audits = source.rows("console/audits")
    known = [row["run_id"] for row in audits]
    chosen = source.value("audit") if source.value("audit") in known else next(iter(known), "")
    choices = [Choice(row["run_id"], formats.moment(row["checked_at"].isoformat())) for row in audits]
    return Page(
        [
            Section("Checks by verdict", lambda: _totals(audits, chosen), NEWEST),
            Section("Every check", lambda: _checks(source, chosen), "Docs: docs/audit.md says what each check asks."),
            Section("All audits", lambda: [Table("Newest first", _AUDITS, audits, "There was no audit yet.")]),
        ],
        [Filter("audit", "Audit", chosen, choices)],
    )


def _totals(audits: Sequence[Row], chosen: str) -> Sequence[Block]:
    found = [row for row in audits if row["run_id"] == chosen]
    if not found:
        return [Prose("There was no audit yet: run the DAG audit, then nightly_analytics.")]
    names = {"failed": "Fail", "warned": "Warn", "unknown": "Could not be asked", "passed": "Pass"}
    return [Tiles([Tile(label, found[0][name]) for name, label in names.items()])]


def _checks(source: Source, chosen: str) -> Sequence[Block]:
    rows = [{**row, "evidence": _shown(row["evidence"])} for row in source.rows("console/audit_checks", run_id=chosen)]
    columns = [
        Column("check_name", "Check", "text"),
        Column("verdict", "Verdict", mark=statuses.audit_verdict),
        Column("previous_verdict", "Before", "text"),
        Column("advice", "What to do", "wrap"),
        Column("evidence", "Evidence", "wrap"),
    ]
    return [Table("Checks, the worst first", columns, rows, "There was no audit yet.")]


def _shown(evidence: str) -> str:
    """The evidence as a sentence of its parts: `domains: 1, policy: none`."""
    found: dict[str, Any] = json.loads(evidence)
    return ", ".join(f"{name}: {value}" for name, value in found.items() if value not in (None, ""))


_AUDITS = [
    Column("checked_at", "Audit", "time"),
    Column("failed", "Fail"),
    Column("warned", "Warn"),
    Column("unknown", "Could not be asked"),
    Column("passed", "Pass"),
    Column("changed", "Changed"),
]

VIEW = View("audit", "Audit", "What providers, regulators and auditors would ask, once a month.", 85, build)
