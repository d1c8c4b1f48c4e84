"""What pages show of the ledger (holds of the circuit breaker, how much of the limits is used), and the clicks on a mail."""

from __future__ import annotations

from datetime import UTC, datetime

from include.core import clock
from include.core.errors import PublishError
from include.core.pace import AccountPace
from include.core.paths import DataPaths
from include.ledger import holds, pace, plans
from include.ledger.database import Ledger
from include.publish import snapshot
from include.publish.console.source import HoldState, Live, NotPublishedError, Source


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


def clicks_by_link(paths: DataPaths, campaign: str, occurrence: str) -> dict[str, int]:
    """People who clicked each link of a campaign occurrence; nothing if the published file does not know."""
    try:
        build = snapshot.require_build(paths)
        manifest = snapshot.read_manifest(build)
        with snapshot.open_build(build) as connection:
            source = Source(connection, manifest, {}, clock.now())
            rows = source.rows("console/run_links", campaign=campaign, occurrence=occurrence)
    except (PublishError, NotPublishedError):
        return {}
    return {row["url"]: row["people"] for row in rows}
