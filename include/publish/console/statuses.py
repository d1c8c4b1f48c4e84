"""The statuses that several pages show, each in one place, so that two pages never judge the same numbers differently."""

from __future__ import annotations

from typing import Any

from include.publish.console.blocks import Mark, Row
from include.publish.console.source import link


def sums(broken: int | None, differing: int | None, checks: int | None) -> Mark:
    """All checked sums at once. `differing` are those that do not hold, with the `broken` ones, which must hold."""
    if not checks:
        return Mark("none checked")
    if broken:
        return Mark(f"{broken:,} broken", "stop")
    if differing:
        return Mark("1 differs" if differing == 1 else f"{differing:,} differ", "warn")
    return Mark("all hold", "good")


def sum_of(row: Row) -> Mark:
    """One checked sum, a row of marts.reconciliation."""
    if row["holds"]:
        return Mark("holds", "good")
    return Mark("broken", "stop") if row["must_hold"] else Mark("differs", "warn")


def day_of(row: Row) -> Mark:
    """One campaign and day of a reconciliation: whether something is unknown, and whether that is over the limit."""
    if row["holds"]:
        return Mark("explained", "good")
    return Mark("unknown, over the limit", "stop") if row["is_over_limit"] else Mark("unknown", "warn")


def health(verdict: str) -> Mark:
    """The health of a provider, by the worst of its mail (report/providers.sql)."""
    known = {
        "good": Mark("within the limits", "good"),
        "warn": Mark("near a limit", "warn"),
        "stop": Mark("over a limit", "stop"),
    }
    return known.get(verdict, Mark("too few to rate"))


def audit_verdict(row: Row) -> Mark:
    """The verdict of a check of the audit; what could not be asked is neither good nor bad."""
    tones: dict[str, Any] = {"pass": "good", "warn": "warn", "fail": "stop"}
    return Mark(str(row["verdict"]), tones.get(row["verdict"], "none"))


def plan_state(row: Row) -> Mark:
    """The state of a plan."""
    tones: dict[str, Any] = {"paused": "warn", "stopped": "stop", "cancelled": "warn"}
    return Mark(str(row["state"]), tones.get(row["state"], "none"))


def accounted(row: Row) -> Mark:
    """Whether the states of a plan's people add up to those selected."""
    off = row["selected"] - row["accounted"]
    return Mark("adds up", "good") if off == 0 else Mark(f"off by {off:,}", "stop")


def run_link(row: Row) -> str:
    """The page of a campaign at one occurrence."""
    return link("campaign", run=f"{row['campaign']}/{row['occurrence']}")
