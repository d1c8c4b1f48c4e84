"""Who must not be mailed. Suppression beats consent beats segment, always.

An append-only log. Its `seq` is in commit order, because writers are serialised: a sender that has read up to `seq` has
missed nothing before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, insert, select, text

from include.core import clock
from include.core.shop import MARKETING
from include.ledger.database import Ledger
from include.ledger.tables import consent_log, suppression_log

REASONS = (
    "unsubscribe",
    "spam_complaint",
    "hard_bounce",
    "invalid_address",
    "manual",
    "erasure",
    "unsubscribed_at_source",
    "row_quarantined",
    "unseen_at_source",
    "deleted_at_source",
    "address_given_up",
    "untracked_at_source",
)
"""Why an address is suppressed. Only the person lifts an `unsubscribe`; the others are never lifted by a re-import, apart
from `SOURCE_REASONS`."""

LIFTABLE = frozenset({"unsubscribe"})
CONFIRMABLE = frozenset({"unsubscribe", "spam_complaint"})
"""What a confirmation by the person ends (double opt-in, the preference page) and no consent at the source does."""
UNTRACKED = "untracked_at_source"
"""Suppresses nobody: their mail is no longer tracked."""
SOURCE_REASONS = frozenset(
    {
        "unsubscribed_at_source",
        "row_quarantined",
        "unseen_at_source",
        "deleted_at_source",
        "address_given_up",
        UNTRACKED,
    }
)
"""What ingest says for plans that are frozen already; it lifts them when a good row comes. The warehouse knew first."""
PERSONAL_REASONS = frozenset(REASONS) - SOURCE_REASONS - {"hard_bounce", "invalid_address"}
"""What is about the person, so about every address they have; a bounce is about one address, and the source names each."""
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


def suppress(ledger: Ledger, entries: Iterable[Suppression], *, again_before: float | None = None) -> int:
    """Record suppressions that are not in force yet; returns how many were new. In force for the next chunk.

    Who confirmed since they left and leaves again is new: the newest answer must stand last. What stands since
    `again_before` (Unix seconds) or earlier is recorded once more, for readers that began there.
    """
    wanted = {(entry.address_key, entry.reason): entry for entry in entries}
    if unknown := {reason for _, reason in wanted} - set(REASONS):
        raise ValueError(f"unknown suppression reasons: {sorted(unknown)}")
    with ledger.write() as connection:
        serialise_writers(connection)
        standing = _standing(connection, {address for address, _ in wanted})
        confirmed_at = _last_confirmation(connection)
        fresh = [entry for pair, entry in wanted.items() if _is_news(entry, standing.get(pair), confirmed_at, again_before)]
        _append(connection, "suppress", fresh)
    return len(fresh)


def lift(ledger: Ledger, address_key: str, source: str, message_key: str | None = None) -> bool:
    """The person wants mail again: lift their own unsubscribe. False where there is none to lift."""
    wish = Suppression(address_key, "unsubscribe", source, clock.now().timestamp(), message_key)
    return lift_all(ledger, [wish]) == 1


def lift_all(ledger: Ledger, entries: Iterable[Suppression]) -> int:
    """Lift those of `entries` (by address and reason) that are in force; returns how many were."""
    wanted = {(entry.address_key, entry.reason): entry for entry in entries}
    with ledger.write() as connection:
        serialise_writers(connection)
        standing = _standing(connection, {address for address, _ in wanted})
        lifted = [entry for pair, entry in wanted.items() if pair in standing]
        _append(connection, "lift", lifted)
    return len(lifted)


def reasons_in_force(ledger: Ledger, address_key: str) -> frozenset[str]:
    """Why the address is suppressed; empty where it may be mailed."""
    with ledger.read() as connection:
        return reasons_of(connection, address_key)


def reasons_of(connection: Connection, address_key: str) -> frozenset[str]:
    """The same within a transaction that goes on. Not what the source said: it is no bar to an answer of the person."""
    return frozenset(reason for _, reason in _standing(connection, {address_key})) - SOURCE_REASONS


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
    """Every suppressed address with each reason (columns address_key, reason, happened_at), and the log's last seq.

    Without `SOURCE_REASONS`: they are the warehouse's own, told to the ledger.
    """
    seq = last_seq(connection)
    rows = _rows_in_force(connection, _latest(and_(suppression_log.c.seq <= seq, _not_of_source())))
    return _table(rows), seq


def of_source(connection: Connection) -> pa.Table:
    """What ingest has told and not lifted: columns address_key, reason, happened_at."""
    return _table(_rows_in_force(connection, _latest(suppression_log.c.reason.in_(SOURCE_REASONS))))


def _not_of_source() -> ColumnElement[bool]:
    return suppression_log.c.reason.not_in(SOURCE_REASONS)


def _rows_in_force(connection: Connection, newest: Select[Any]) -> Iterator[tuple[str, str, float]]:
    latest = newest.subquery()
    query = select(latest.c.address_key, latest.c.reason, latest.c.happened_at)
    query = query.where(latest.c.age == 1, latest.c.action == "suppress")
    for row in connection.execution_options(yield_per=10_000).execute(query):
        yield row.address_key, row.reason, row.happened_at


def _table(rows: Iterator[tuple[str, str, float]]) -> pa.Table:
    keys, reasons, times = list[str](), list[str](), list[datetime]()
    for address, reason, happened_at in rows:
        keys.append(address)
        reasons.append(reason)
        times.append(datetime.fromtimestamp(happened_at, UTC))
    moments = pa.array(times, pa.timestamp("us", "UTC"))
    return pa.table(
        {"address_key": pa.array(keys, pa.string()), "reason": pa.array(reasons, pa.string()), "happened_at": moments}
    )


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


def lock(connection: Connection) -> None:
    """Let nobody be suppressed between our look and our commit (readers do not disturb one another)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("lock table suppression_log in share mode"))


def _is_news(
    entry: Suppression, standing_since: float | None, confirmed_at: float | None, again_before: float | None
) -> bool:
    """Whether it changes anything: not in force, or in force from before somebody's confirmation, which may be theirs."""
    if standing_since is None or (again_before is not None and standing_since <= again_before):
        return True
    if entry.reason not in CONFIRMABLE or confirmed_at is None:
        return False
    return standing_since <= confirmed_at and entry.happened_at > standing_since


def _last_confirmation(connection: Connection) -> float | None:
    """When anybody last said that they want mail. Whose address it was under is for the warehouse to know."""
    wanted = and_(consent_log.c.topic == MARKETING, consent_log.c.given == 1)
    last: float | None = connection.scalar(select(func.max(consent_log.c.happened_at)).where(wanted))
    return last


def _standing(connection: Connection, addresses: set[str]) -> dict[tuple[str, str], float]:
    """The (address, reason) pairs in force among `addresses`, and since when."""
    found: dict[tuple[str, str], float] = {}
    wanted = sorted(addresses)
    for start in range(0, len(wanted), _BATCH):
        latest = _latest(suppression_log.c.address_key.in_(wanted[start : start + _BATCH])).subquery()
        rows = connection.execute(
            select(latest.c.address_key, latest.c.reason, latest.c.happened_at).where(
                latest.c.age == 1, latest.c.action == "suppress"
            )
        )
        found.update({(row.address_key, row.reason): row.happened_at for row in rows})
    return found


def _latest(condition: ColumnElement[bool]) -> Select[Any]:
    """The log with each row's age within its address and reason; 1 is the newest."""
    log = suppression_log.c
    age = func.row_number().over(partition_by=(log.address_key, log.reason), order_by=log.seq.desc()).label("age")
    return select(log.address_key, log.reason, log.action, log.happened_at, age).where(condition)


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
