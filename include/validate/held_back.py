"""Tells a person when a batch holds many people back: one bad row is a formality, many are a broken export."""

from __future__ import annotations

from include.core.alert import Alert, deliver
from include.core.paths import DataPaths
from include.warehouse.connection import fetch, open_warehouse

MANY_SHARE = 0.01
MANY_PEOPLE = 20
"""Alerted from so many people on, where they are so large a share of the list: both, for a list may be small."""


def look(paths: DataPaths, run: str, *, webhook_url: str = "", dag: str = "", task: str = "") -> int:
    """How many people the rows of this run hold back; delivers an alert where they are many."""
    with open_warehouse(paths) as warehouse:
        found = fetch(warehouse, "validate", "held_back_counts", {"run": run}).to_pylist()[0]
    held, known = int(found["held"]), int(found["known"])
    if held >= MANY_PEOPLE and held >= MANY_SHARE * known:
        deliver(paths, _alert(held, known, dag, run, task), webhook_url)
    return held


def _alert(held: int, known: int, dag: str, run: str, task: str) -> Alert:
    return Alert(
        "held-back", f"{held} people are held back by rows that cannot be read",
        f"Their rows in this batch are quarantined, so nothing says that they may be mailed: {held / known:.1%} of {known}.",
        "Nobody who said no is mailed. Who is held back is released by the first good row of theirs.",
        "Open the quality page, see what is wrong with the rows, and mend the source.",
        "docs/runbook/held-back.md#what-to-do", "warning", dag, run, task, about=run,
    )  # fmt: skip
