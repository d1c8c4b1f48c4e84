"""Who is no longer a yes at the source, told to the ledger: a plan that is frozen already looks there before each request.

The warehouse is what knows; a plan that is frozen later asks it. So nothing is told where no plan is open, and what is told
is derived anew each time: as often as it runs, and after any crash, the ledger holds the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import duckdb
from sqlalchemy import func, select

from include.core import clock
from include.ledger import consent, suppressions
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.ledger.tables import plans
from include.validate import tracking
from include.warehouse.connection import fetch, open_warehouse
from include.warehouse.consent import replace_consent
from include.warehouse.suppressions import replace_suppressions

log = logging.getLogger(__name__)

SOURCE = "ingest"
PEOPLE_A_COMMIT = 10_000


def tell(stores: Stores) -> dict[str, int]:
    """Suppress who withdrew at the source since the oldest open plan, and lift who came back: {told, lifted}.

    Who withdrew from tracking alone is told as such, and so is an address that its person gave up for another. In force for
    the next chunk of every frozen plan. Idempotent.
    """
    since, newest = _open_plans(stores.ledger)
    if since is None:
        return {"told": 0, "lifted": 0}
    with open_warehouse(stores.paths) as warehouse:
        _refresh(warehouse, stores.ledger)
        params = {"at": clock.now(), "since": datetime.fromtimestamp(since, UTC)}
        left = fetch(warehouse, "validate", "withdrawn", params).to_pylist()
        untracked, tracked = tracking.changed(warehouse, stores)
        back = _returned(warehouse, params) + _about_tracking(tracked)
    left += [{"address_key": key, "reason": suppressions.UNTRACKED} for key in untracked]
    counts = {"told": _suppress(stores.ledger, left, newest), "lifted": suppressions.lift_all(stores.ledger, back)}
    if any(counts.values()):
        log.info("withdrawals at the source, for plans that are frozen: %s", counts)
    return counts


def _open_plans(ledger: Ledger) -> tuple[float | None, float | None]:
    """When the oldest and the newest of them were frozen."""
    query = select(func.min(plans.c.planned_at), func.max(plans.c.planned_at)).where(plans.c.state.in_(tracking.OPEN))
    with ledger.read() as connection:
        oldest, newest = connection.execute(query).one()
    return oldest, newest


def _refresh(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Copy what the ledger holds, which the answers at the source are compared with; what was told is told_addresses."""
    with ledger.read() as connection:
        table, _ = suppressions.in_force(connection)
        answers = consent.in_force(connection)
        told = suppressions.of_source(connection)
    replace_suppressions(warehouse, table)
    replace_consent(warehouse, answers)
    warehouse.register("told_addresses", told)


def _returned(warehouse: duckdb.DuckDBPyConnection, params: dict[str, Any]) -> list[Suppression]:
    back = fetch(warehouse, "validate", "returned", params).to_pylist()
    warehouse.unregister("told_addresses")
    now = clock.now().timestamp()
    return [Suppression(row["address_key"], row["reason"], SOURCE, now) for row in back]


def _about_tracking(addresses: list[str]) -> list[Suppression]:
    now = clock.now().timestamp()
    return [Suppression(address, suppressions.UNTRACKED, SOURCE, now) for address in addresses]


def _suppress(ledger: Ledger, left: list[dict[str, Any]], newest_plan: float | None) -> int:
    """Also who stands as told before the newest plan was frozen: a plan reads on from there, and may hold who came back."""
    now = clock.now().timestamp()
    entries = [Suppression(row["address_key"], row["reason"], SOURCE, now) for row in left]
    parts = (entries[start : start + PEOPLE_A_COMMIT] for start in range(0, len(entries), PEOPLE_A_COMMIT))
    return sum(suppressions.suppress(ledger, part, again_before=newest_plan) for part in parts)


@contextmanager
def telling(stores: Stores) -> Iterator[None]:
    """Tell when the block ends, also where it raised: a batch that is stopped gives its refusals."""
    try:
        yield
    finally:
        tell(stores)
