"""The circuit breaker: holds back a campaign, or one mailbox provider of it, whose bounce or complaint rate is too high.

Evaluates the mail of a rolling window, from 200 delivered messages on. Hard bounces warn at 2 % and stop at 5 %,
complaints warn at 0.08 % and stop at 0.10 % (Gmail and Yahoo ask for less than 0.10 %, and block from 0.30 %). An open
breaker holds back pending messages and drops none.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

import pyarrow as pa

from include.core import clock
from include.ledger import holds, plans
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)
MIN_DELIVERED = 200
HARD_BOUNCES = (0.02, 0.05)
COMPLAINTS = (0.0008, 0.0010)

_RELEASED = pa.schema([("plan_id", pa.string()), ("provider", pa.string()), ("released_at", pa.float64())])


class Counts(TypedDict):
    """A row of breaker_counts.sql: the counts of one plan at one mailbox provider, or at all (empty `provider`)."""

    plan_id: str
    campaign: str
    occurrence: str
    provider: str
    delivered: int
    hard_bounced: int
    complained: int


@dataclass(frozen=True)
class Finding:
    """A rate over its threshold. `provider` is empty for the whole campaign; `stops` is false for a warning."""

    plan_id: str
    campaign: str
    occurrence: str
    provider: str
    measure: str
    reason: str
    stops: bool

    @property
    def name(self) -> str:
        """Identifies the problem; it changes when a warning becomes a stop."""
        return f"{self.plan_id} {self.provider} {self.measure} {'stop' if self.stops else 'warn'}"


def check_rates(stores: Stores) -> tuple[list[Finding], int]:
    """Evaluate every plan of the window and hold those over a limit; returns the warnings and the number of new holds.

    A finished plan has nothing to hold back: its findings are warnings, even over the limit (`Finding.stops`).
    """
    released = [hold for hold in holds.all_holds(stores.ledger) if hold.released_at is not None]
    with open_warehouse(stores.paths) as warehouse:
        rows = [{name: getattr(hold, name) for name in _RELEASED.names} for hold in released]
        warehouse.register("released_holds", pa.Table.from_pylist(rows, schema=_RELEASED))
        counts: list[Counts] = fetch(warehouse, "collect", "breaker_counts", {"since": clock.now() - WINDOW}).to_pylist()
    findings = [finding for row in counts for finding in evaluate(row)]
    for finding in findings:
        log.warning("%s %s %s: %s", finding.campaign, finding.occurrence, finding.provider or "(all)", finding.reason)
    unfinished = {plan.plan_id for plan in plans.all_plans(stores.ledger) if plan.state not in ("done", "cancelled")}
    held = [finding for finding in findings if finding.stops and finding.plan_id in unfinished]
    new = sum(holds.hold(stores.ledger, found.plan_id, found.provider, f"breaker: {found.reason}") for found in held)
    return [finding for finding in findings if finding not in held], new


def evaluate(row: Counts) -> list[Finding]:
    """The rates of one plan and provider that exceed a threshold. Pure."""
    if row["delivered"] < MIN_DELIVERED:
        return []
    measures = (
        ("hard bounces", row["hard_bounced"] / (row["delivered"] + row["hard_bounced"]), HARD_BOUNCES),
        ("complaints", row["complained"] / row["delivered"], COMPLAINTS),
    )
    subject = row["plan_id"], row["campaign"], row["occurrence"], row["provider"]
    return [
        Finding(*subject, name, f"{name} at {rate:.2%} (warn {warn:.2%}, stop {stop:.2%})", stops=rate >= stop)
        for name, rate, (warn, stop) in measures
        if rate >= warn
    ]
