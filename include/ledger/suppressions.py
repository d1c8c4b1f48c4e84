"""Who must not be mailed. Suppression beats consent beats segment, always.

An append-only log. Its `seq` is in commit order, because writers are serialised: a sender that has read up to `seq` has
missed nothing before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, bindparam, func, insert, select, text

from include.core import clock
from include.ledger.database import Ledger
from include.ledger.tables import suppression_log

REASONS = (
    "unsubscribe",
    "spam_complaint",
    "hard_bounce",
    "invalid_address",
    "manual",
    "erasure",
)
"""Why an address is suppressed. Only the person lifts an `unsubscribe`; the others are never lifted by a re-import."""

LIFTABLE = frozenset({"unsubscribe"})
_BATCH = 500
_SINCE = (
    select(suppression_log.c.seq, suppression_log.c.address_key, suppression_log.c.action, suppression_log.c.reason)
    .where(suppression_log.c.seq > bindparam("after"))
    .order_by(suppression_log.c.seq)
)


@dataclass(frozen=True)
class Suppression:
    """One address that must not be mailed from now on. `happened_at` in Unix seconds."""

    address_key: str
    reason: str
    source: str
    happened_at: float
    message_key: str | None = None


def suppress(ledger: Ledger, entries: Iterable[Suppression]) -> int:
    """Record suppressions that are not in force yet; returns how many were new. In force for the next chunk."""
    wanted = {(entry.address_key, entry.reason): entry for entry in entries}
    if unknown := {reason for _, reason in wanted} - set(REASONS):
        raise ValueError(f"unknown suppression reasons: {sorted(unknown)}")
    with ledger.write() as connection:
        serialise_writers(connection)
        standing = _standing(connection, {address for address, _ in wanted})
        fresh = [entry for pair, entry in wanted.items() if pair not in standing]
        _append(connection, "suppress", fresh)
    return len(fresh)


def lift(ledger: Ledger, address_key: str, source: str, message_key: str | None = None) -> bool:
    """The person wants mail again: lift their own unsubscribe. False where there is none to lift."""
    with ledger.write() as connection:
        serialise_writers(connection)
        if (address_key, "unsubscribe") not in _standing(connection, {address_key}):
            return False
        _append(connection, "lift", [Suppression(address_key, "unsubscribe", source, clock.now().timestamp(), message_key)])
    return True


def is_suppressed(ledger: Ledger, address_key: str) -> bool:
    """Whether any suppression of the address is in force."""
    with ledger.read() as connection:
        return bool(_standing(connection, {address_key}))


def reasons_in_force(ledger: Ledger, address_key: str) -> frozenset[str]:
    """Why the address is suppressed; empty where it may be mailed."""
    with ledger.read() as connection:
        return reasons_of(connection, address_key)


def reasons_of(connection: Connection, address_key: str) -> frozenset[str]:
    """The same within a transaction that goes on."""
    return frozenset(reason for _, reason in _standing(connection, {address_key}))


def lifts(connection: Connection) -> pa.Table:
    """When each address last lifted a reason (columns address_key, reason, lifted_at in Unix seconds).

    What was known of the address before that moment must not suppress it again.
    """
    log = suppression_log.c
    query = (
        select(log.address_key, log.reason, func.max(log.happened_at))
        .where(log.action == "lift")
        .group_by(log.address_key, log.reason)
    )
    rows = [tuple(row) for row in connection.execute(query)]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    kinds = {"address_key": pa.string(), "reason": pa.string(), "lifted_at": pa.float64()}
    return pa.table({name: pa.array(column, kind) for (name, kind), column in zip(kinds.items(), columns, strict=True)})


def in_force(connection: Connection) -> tuple[pa.Table, int]:
    """Every suppressed address with its first reason (columns address_key, reason), and the log's last seq."""
    seq = last_seq(connection)
    latest = _latest(suppression_log.c.seq <= seq).subquery()
    query = (
        select(latest.c.address_key, func.min(latest.c.reason))
        .where(latest.c.age == 1, latest.c.action == "suppress")
        .group_by(latest.c.address_key)
    )
    keys: list[str] = []
    reasons: list[str] = []
    for address, reason in connection.execution_options(yield_per=10_000).execute(query):
        keys.append(address)
        reasons.append(reason)
    return pa.table({"address_key": pa.array(keys, pa.string()), "reason": pa.array(reasons, pa.string())}), seq


def since(connection: Connection, seq: int) -> list[tuple[int, str, str, str]]:
    """What was logged after `seq`, in order: (seq, address_key, action, reason)."""
    rows = connection.execute(_SINCE, {"after": seq})
    return [(row.seq, row.address_key, row.action, row.reason) for row in rows]


def last_seq(connection: Connection) -> int:
    """The last seq in the log; 0 where it is empty."""
    return connection.scalar(select(func.coalesce(func.max(suppression_log.c.seq), 0))) or 0


def serialise_writers(connection: Connection) -> None:
    """One writer of the log at a time, so that seq is in commit order. SQLite's `begin immediate` does it already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("lock table suppression_log in share row exclusive mode"))


def hold_still(connection: Connection) -> None:
    """Let nobody be suppressed between our look and our commit (readers do not disturb one another)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("lock table suppression_log in share mode"))


def _standing(connection: Connection, addresses: set[str]) -> set[tuple[str, str]]:
    """The (address, reason) pairs in force among `addresses`."""
    found: set[tuple[str, str]] = set()
    wanted = sorted(addresses)
    for start in range(0, len(wanted), _BATCH):
        latest = _latest(suppression_log.c.address_key.in_(wanted[start : start + _BATCH])).subquery()
        rows = connection.execute(
            select(latest.c.address_key, latest.c.reason).where(latest.c.age == 1, latest.c.action == "suppress")
        )
        found.update((row.address_key, row.reason) for row in rows)
    return found


def _latest(condition):  # type: ignore[no-untyped-def]
    """The log with each row's age within its address and reason; 1 is the newest."""
    log = suppression_log.c
    age = func.row_number().over(partition_by=(log.address_key, log.reason), order_by=log.seq.desc()).label("age")
    return select(log.address_key, log.reason, log.action, age).where(condition)


def _append(connection: Connection, action: str, entries: list[Suppression]) -> None:
    if entries:
        now = clock.now().timestamp()
        rows = [
            {
                "address_key": entry.address_key,
                "action": action,
                "reason": entry.reason,
                "source": entry.source,
                "message_key": entry.message_key,
                "happened_at": entry.happened_at,
                "recorded_at": now,
            }
            for entry in entries
        ]
        connection.execute(insert(suppression_log), rows)
