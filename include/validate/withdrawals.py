"""Copies withdrawals at the source to the ledger, where a frozen plan reads suppressions before each request.

The warehouse is the source of truth, and a new plan reads it directly. So nothing is copied while no plan is unfinished, and
each run derives the full set again: after any number of runs, and after a crash, the ledger holds the same suppressions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from sqlalchemy import func, select

from include.core import clock
from include.ledger import consent, suppression_tables, suppressions
from include.ledger.database import Ledger
from include.ledger.plans import UNFINISHED
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.ledger.tables import chunks, plans
from include.warehouse.connection import fetch, open_warehouse
from include.warehouse.consent import replace_consent
from include.warehouse.suppressions import replace_suppressions

log = logging.getLogger(__name__)

SOURCE = "ingest"
COMMIT_ROWS = 10_000


class _Change(NamedTuple):
    """A suppression to add or to lift."""

    address_key: str
    reason: str


def sync_withdrawals(stores: Stores) -> dict[str, int]:
    """Suppress subscribers who withdrew at the source since the oldest unfinished plan, and lift those who consent again.

    Also covers subscribers who withdrew from tracking only, and addresses that their subscriber replaced. In force for the
    next chunk of every frozen plan. Idempotent. Returns {suppressed, lifted}.
    """
    since, newest = _unfinished_plans(stores.ledger)
    if since is None:
        return {"suppressed": 0, "lifted": 0}
    with open_warehouse(stores.paths) as warehouse:
        _copy_from_ledger(warehouse, stores.ledger)
        params = {"at": clock.now(), "since": datetime.fromtimestamp(since, UTC)}
        added = _changes(warehouse, "suppressions_to_add", params)
        untracked, tracked = _tracking_changes(warehouse, stores)
        lifted = _changes(warehouse, "suppressions_to_lift", params) + tracked
        warehouse.unregister("source_suppressions")
    counts = {
        "suppressed": _suppress(stores.ledger, added + untracked, newest),
        "lifted": suppressions.lift_all(stores.ledger, _entries(lifted)),
    }
    if any(counts.values()):
        log.info("withdrawals at the source, for frozen plans: %s", counts)
    return counts


@contextmanager
def sync_withdrawals_on_exit(stores: Stores) -> Iterator[None]:
    """Copy withdrawals to the ledger when the block ends, also where it raised: a stopped batch contains refusals too."""
    try:
        yield
    finally:
        sync_withdrawals(stores)


def _unfinished_plans(ledger: Ledger) -> tuple[float | None, float | None]:
    """When the oldest and the newest unfinished plan were frozen."""
    query = select(func.min(plans.c.planned_at), func.max(plans.c.planned_at)).where(plans.c.state.in_(UNFINISHED))
    with ledger.read() as connection:
        oldest, newest = connection.execute(query).one()
    return oldest, newest


def _copy_from_ledger(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Copy the answers that the ledger holds, and register its suppressions from ingest as source_suppressions."""
    with ledger.read() as connection:
        table, _ = suppression_tables.in_force(connection)
        answers = consent.in_force(connection)
        of_source = suppression_tables.of_source(connection)
    replace_suppressions(warehouse, table)
    replace_consent(warehouse, answers)
    warehouse.register("source_suppressions", of_source)


def _changes(warehouse: duckdb.DuckDBPyConnection, name: str, params: dict[str, Any]) -> list[_Change]:
    return [_Change(row["address_key"], row["reason"]) for row in fetch(warehouse, "validate", name, params).to_pylist()]


def _tracking_changes(warehouse: duckdb.DuckDBPyConnection, stores: Stores) -> tuple[list[_Change], list[_Change]]:
    """Addresses in pending requests that may no longer be tracked, and suppressed ones that may be tracked again."""
    pending = _tracked_chunks(stores)
    if not pending:
        return [], []
    files = sorted({file for file, _ in pending})
    warehouse.register("tracked_chunks", pa.table({"file": [file for file, _ in pending], "chunk": [c for _, c in pending]}))
    found = fetch(warehouse, "validate", "tracking_changes", {"files": files}).to_pylist()
    warehouse.unregister("tracked_chunks")
    changes = [(_Change(row["address_key"], suppressions.UNTRACKED), bool(row["is_tracked"])) for row in found]
    untracked = [change for change, is_tracked in changes if not is_tracked]
    return untracked, [change for change, is_tracked in changes if is_tracked]


def _tracked_chunks(stores: Stores) -> list[tuple[str, int]]:
    """(audience file, root chunk) of the pending chunks with tracking, of every unfinished plan."""
    query = (
        select(plans.c.folder, chunks.c.root)
        .join(chunks, chunks.c.plan_id == plans.c.plan_id)
        .where(plans.c.state.in_(UNFINISHED), chunks.c.state == "pending", chunks.c.content.like("%.tracked"))
        .distinct()
    )
    with stores.ledger.read() as connection:
        rows = [(stores.paths.root / row.folder / "audience.parquet", row.root) for row in connection.execute(query)]
    return [(str(file), root) for file, root in rows if file.is_file()]


def _entries(changes: Iterable[_Change]) -> list[Suppression]:
    now = clock.now().timestamp()
    return [Suppression(change.address_key, change.reason, SOURCE, now) for change in changes]


def _suppress(ledger: Ledger, changes: list[_Change], newest_plan: float | None) -> int:
    """Record suppressions. One from before the newest plan is recorded again, since that plan reads the log from there."""
    entries = _entries(changes)
    parts = (entries[start : start + COMMIT_ROWS] for start in range(0, len(entries), COMMIT_ROWS))
    return sum(suppressions.suppress(ledger, part, again_before=newest_plan) for part in parts)
