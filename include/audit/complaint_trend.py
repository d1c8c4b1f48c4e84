"""Complaints by mailbox provider over two months, against the limits that Gmail and Yahoo publish."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb

from include.audit.result import Finding, Result, conclude
from include.warehouse.connection import fetch

GOAL, LIMIT = 0.001, 0.003
"""Gmail: stay below 0.10 %, never reach 0.30 %; Yahoo: below 0.3 % of what was delivered to the inbox."""
MIN_DELIVERED = 1_000
"""With fewer messages, one complaint is more than Gmail's goal."""
SILENT = "gmail"
"""It tells nobody who complained. Its rate is in Google's Postmaster Tools only."""


def check_complaints(warehouse: duckdb.DuckDBPyConnection, as_of: datetime) -> Result:
    """The complaint rates of the last 30 days and of the 30 days before."""
    rows = fetch(warehouse, "audit", "complaints", {"as_of": as_of}).to_pylist()
    told = [row for row in rows if row["provider"] != SILENT or row["complaints"]]
    evidence: dict[str, int | float] = {"delivered": sum(row["delivered"] for row in rows)}
    for row in [*told, _total(told)]:
        evidence |= _evidence(row)
    fine = "Complaints are below 0.1 % everywhere that reports them. Gmail does not: look into Postmaster Tools."
    return conclude("complaints", evidence, _findings(told), fine=fine)


def _total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("delivered", "complaints", "delivered_before", "complaints_before")
    return {"provider": "all that report", **{name: sum(row[name] for row in rows) for name in names}}


def _evidence(row: dict[str, Any]) -> dict[str, int | float]:
    found: dict[str, int | float] = {f"{row['provider']}: complaints": row["complaints"]}
    if row["delivered"]:
        found[f"{row['provider']}: rate"] = round(row["complaints"] / row["delivered"], 6)
    if row["delivered_before"]:
        found[f"{row['provider']}: rate before"] = round(row["complaints_before"] / row["delivered_before"], 6)
    return found


def _findings(rows: list[dict[str, Any]]) -> Iterator[Finding]:
    total = _total(rows)
    if total["delivered"] < MIN_DELIVERED:
        yield (
            "unknown",
            f"Fewer than {MIN_DELIVERED:,} messages in 30 days reached providers that report complaints.",
        )
    for row in [*rows, total]:
        if row["delivered"] < MIN_DELIVERED:
            continue
        rate, who = row["complaints"] / row["delivered"], row["provider"]
        if rate >= LIMIT:
            yield (
                "fail",
                f"{who}: complaints reached 0.3 %, at which mail is blocked. Send only the most wanted mail.",
            )
        elif rate >= GOAL:
            yield (
                "warn",
                f"{who}: complaints are above 0.1 %. Mail only people who reacted lately, and find the cause.",
            )
        elif row["complaints"] and _doubled(row, rate):
            yield "warn", f"{who}: complaints have doubled within a month. Find out which campaign they are about."


def _doubled(row: dict[str, Any], rate: float) -> bool:
    """Whether the rate is twice that of a month that can be compared, and at least half of the goal."""
    before = row["complaints_before"] / row["delivered_before"] if row["delivered_before"] >= MIN_DELIVERED else None
    return before is not None and rate >= GOAL / 2 and rate >= 2 * before
