"""Who must not be mailed. Suppression beats consent beats segment, always.

An append-only log. Its `seq` is in commit order, because writers are serialised: a sender that has read up to `seq` has
missed nothing before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
"""Lifted by a confirmation of the person (double opt-in, the preference page), not by consent at the source."""
UNTRACKED = "untracked_at_source"
"""Suppresses no mail; it turns tracking off."""
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
"""Recorded by ingest for plans that are frozen already, and lifted by ingest when a valid row arrives."""
PERSONAL_REASONS = frozenset(REASONS) - SOURCE_REASONS - {"hard_bounce", "invalid_address"}
"""Reasons that concern a person and so all of their addresses. A bounce concerns one address; the source names each."""
_BATCH = 500
_SINCE = (
    select(suppression_log.c.seq, suppression_log.c.address_key, suppression_log.c.action, suppression_log.c.reason)
    .where(suppression_log.c.seq > bindparam("after"))
    .order_by(suppression_log.c.seq)
)


@dataclass(frozen=True)
class Suppression:
    """An address that must not be mailed. `happened_at` in Unix seconds."""

    address_key: str
    reason: str
    source: str
    happened_at: float
    message_key: str | None = None


def suppress(ledger: Ledger, entries: Iterable[Suppression], *, again_before: float | None = None) -> int:
    """Record suppressions that are not in force yet, effective from the next chunk on; return the number of new ones.

    An opt-out after a confirmation is new, since the newest answer must come last. A suppression in force since
    `again_before` (Unix seconds) or earlier is recorded once more, for readers whose position is later than its first row.
    """
    wanted = {(entry.address_key, entry.reason): entry for entry in entries}
    if unknown := {reason for _, reason in wanted} - set(REASONS):
        raise ValueError(f"unknown suppression reasons: {sorted(unknown)}")
    with ledger.write() as connection:
        serialise_writers(connection)
        since = _in_force_since(connection, {address for address, _ in wanted})
        confirmed_at = _last_confirmation(connection)
        fresh = [entry for pair, entry in wanted.items() if _is_new(entry, since.get(pair), confirmed_at, again_before)]
        _append(connection, "suppress", fresh)
    return len(fresh)


def lift(ledger: Ledger, address_key: str, source: str, message_key: str | None = None) -> bool:
    """Lift the person's own unsubscribe: they resubscribed. False if there is none to lift."""
    entry = Suppression(address_key, "unsubscribe", source, clock.now().timestamp(), message_key)
    return lift_all(ledger, [entry]) == 1


def lift_all(ledger: Ledger, entries: Iterable[Suppression], *, unless_newer: bool = False) -> int:
    """Lift those of `entries` (by address and reason) that are in force; return their number.

    With `unless_newer`, a suppression that is newer than its entry stays in force, as when a log is replayed.
    """
    wanted = {(entry.address_key, entry.reason): entry for entry in entries}
    with ledger.write() as connection:
        serialise_writers(connection)
        in_force_now = _in_force_since(connection, {address for address, _ in wanted})
        lifted = [
            entry
            for pair, entry in wanted.items()
            if pair in in_force_now and not (unless_newer and in_force_now[pair] > entry.happened_at)
        ]
        _append(connection, "lift", lifted)
    return len(lifted)


def reasons_in_force(ledger: Ledger, address_key: str) -> frozenset[str]:
    """Why the address is suppressed; empty if it may be mailed."""
    with ledger.read() as connection:
        return reasons_of(connection, address_key)


def reasons_of(connection: Connection, address_key: str) -> frozenset[str]:
    """As `reasons_in_force`, within a transaction. Without `SOURCE_REASONS`, which the person's own answer overrides."""
    return frozenset(reason for _, reason in _in_force_since(connection, {address_key})) - SOURCE_REASONS


def erased_keys(ledger: Ledger) -> frozenset[str]:
    """The tombstones of erased people: keys of their addresses and subscriber ids. An erasure is never lifted."""
    log = suppression_log.c
    with ledger.read() as connection:
        return frozenset(connection.scalars(select(log.address_key).where(log.reason == "erasure").distinct()))


def since(connection: Connection, seq: int) -> list[tuple[int, str, str, str]]:
    """The log's rows after `seq`, in order: (seq, address_key, action, reason)."""
    rows = connection.execute(_SINCE, {"after": seq})
    return [(row.seq, row.address_key, row.action, row.reason) for row in rows]


def last_seq(connection: Connection) -> int:
    """The last seq in the log; 0 where it is empty."""
    return connection.scalar(select(func.coalesce(func.max(suppression_log.c.seq), 0))) or 0


def serialise_writers(connection: Connection) -> None:
    """Allow one writer at a time, so that seq is in commit order. SQLite's `begin immediate` already does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("lock table suppression_log in share row exclusive mode"))


def lock(connection: Connection) -> None:
    """Block writers of the log from this read to the commit; other readers are not blocked."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("lock table suppression_log in share mode"))


def _is_new(
    entry: Suppression, in_force_since: float | None, confirmed_at: float | None, again_before: float | None
) -> bool:
    """Whether to record it: not in force, or in force since before the last confirmation, which may be this person's."""
    if in_force_since is None or (again_before is not None and in_force_since <= again_before):
        return True
    if entry.reason not in CONFIRMABLE or confirmed_at is None:
        return False
    return in_force_since <= confirmed_at and entry.happened_at > in_force_since


def _last_confirmation(connection: Connection) -> float | None:
    """When anybody last confirmed. The ledger does not know which addresses belong to one person; the warehouse does."""
    wanted = and_(consent_log.c.topic == MARKETING, consent_log.c.given == 1)
    last: float | None = connection.scalar(select(func.max(consent_log.c.happened_at)).where(wanted))
    return last


def _in_force_since(connection: Connection, addresses: set[str]) -> dict[tuple[str, str], float]:
    """Since when each (address, reason) among `addresses` is in force."""
    found: dict[tuple[str, str], float] = {}
    wanted = sorted(addresses)
    for start in range(0, len(wanted), _BATCH):
        newest = latest(suppression_log.c.address_key.in_(wanted[start : start + _BATCH])).subquery()
        rows = connection.execute(
            select(newest.c.address_key, newest.c.reason, newest.c.happened_at).where(
                newest.c.age == 1, newest.c.action == "suppress"
            )
        )
        found.update({(row.address_key, row.reason): row.happened_at for row in rows})
    return found


def latest(condition: ColumnElement[bool]) -> Select[Any]:
    """The log's rows, numbered within address and reason from the newest; column age is 1 for the newest."""
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
