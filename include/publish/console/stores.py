"""The state of the ledger that pages show: holds of the circuit breaker, and how much of the account's limits is used."""

from __future__ import annotations

from datetime import UTC, datetime

from include.core import clock
from include.core.pace import AccountPace
from include.ledger import holds, pace, plans
from include.ledger.database import Ledger
from include.publish.console.source import HoldState, Live


def read_ledger(ledger: Ledger, account: AccountPace | None) -> Live:
    """What holds now. Messages of the day and the hour are None where no limit counts them."""
    by_id = {plan.plan_id: plan for plan in plans.all_plans(ledger)}
    in_force = [
        HoldState(
            by_id[hold.plan_id].campaign,
            by_id[hold.plan_id].occurrence,
            hold.provider,
            hold.reason,
            datetime.fromtimestamp(hold.held_at, UTC),
        )
        for hold in holds.all_holds(ledger)
        if hold.released_at is None and hold.plan_id in by_id
    ]
    today, hour = pace.used(ledger, clock.now())
    return Live(account, in_force, today, hour)
