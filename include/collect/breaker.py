"""The circuit breaker: holds back a campaign, or one mailbox provider of it, whose bounce or complaint rate is too high.

Evaluates the mail of a rolling window, from 200 delivered messages on. Hard bounces warn at 2 % and stop at 5 %,
complaints warn at 0.08 % and stop at 0.10 % (Gmail and Yahoo ask for less than 0.10 %, and block from 0.30 %). An open
breaker holds back pending messages and drops none.

The plans of journeys are small: their mail is also evaluated by step over all plans, and over a limit the journey is paused.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

import pyarrow as pa

from include.core import clock
from include.core.campaign import JOURNEY_SEPARATOR
from include.ledger import holds, journeys, plans
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import PLAN_STATES
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
        rows += _resumed_journeys(stores.ledger)
        warehouse.register("released_holds", pa.Table.from_pylist(rows, schema=_RELEASED))
        counts: list[Counts] = fetch(warehouse, "collect", "breaker_counts", {"since": clock.now() - WINDOW}).to_pylist()
    findings = [finding for row in [*counts, *_of_journeys(counts)] for finding in evaluate(row)]
    for finding in findings:
        log.warning("%s %s %s: %s", finding.campaign, finding.occurrence, finding.provider or "(all)", finding.reason)
    unfinished = {plan.plan_id for plan in plans.all_plans(stores.ledger) if plan.state not in ("done", "cancelled")}
    held = [finding for finding in findings if finding.stops and finding.plan_id in unfinished]
    new = sum(holds.hold(stores.ledger, found.plan_id, found.provider, f"breaker: {found.reason}") for found in held)
    paused = [finding for finding in findings if finding.stops and not finding.plan_id]
    new += sum(_pause_journey(stores.ledger, finding) for finding in paused)
    return [finding for finding in findings if finding not in (*held, *paused)], new


def _of_journeys(counts: list[Counts]) -> list[Counts]:
    """The mail of each step of a journey over all of its plans, which are small: the rows have no plan."""
    sums: dict[str, Counts] = {}
    for row in counts:
        if JOURNEY_SEPARATOR in row["campaign"] and not row["provider"]:
            empty = Counts(
                plan_id="", campaign=row["campaign"], occurrence="all plans", provider="", delivered=0, hard_bounced=0,
                complained=0,
            )  # fmt: skip
            total = sums.setdefault(row["campaign"], empty)
            total["delivered"] += row["delivered"]
            total["hard_bounced"] += row["hard_bounced"]
            total["complained"] += row["complained"]
    return list(sums.values())


def _pause_journey(ledger: Ledger, finding: Finding) -> bool:
    """Pause the journey of a step, until somebody resumes it."""
    name = finding.campaign.partition(JOURNEY_SEPARATOR)[0]
    state = journeys.states(ledger).get(name)
    if state is None or state.state != "active":
        return False
    with ledger.write() as connection:
        return journeys.set_state(connection, name, "paused", f"breaker: {finding.campaign}: {finding.reason}")


def _resumed_journeys(ledger: Ledger) -> list[dict[str, object]]:
    """For the plans of each journey: what was sent before the journey was last resumed counts no longer."""
    return [
        {"plan_id": plan_id, "provider": "", "released_at": state.changed_at}
        for state in journeys.states(ledger).values()
        for plan_id in journeys.plan_ids(ledger, state.journey, PLAN_STATES)
    ]


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
