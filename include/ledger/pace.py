"""Pace, shared by all sending processes: rates (GCRA) and caps per hour and day.

An allowance is acquired in its own transaction before a chunk is claimed, and released if nothing was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from include.core import clock
from include.core.pace import AccountPace
from include.ledger import shared_clock
from include.ledger.database import Ledger
from include.ledger.tables import allowances
from include.ledger.upsert import insert_into


@dataclass(frozen=True)
class Rate:
    """At most `per_second` messages per second in `scope`, evenly spread."""

    scope: str
    per_second: float


@dataclass(frozen=True)
class Cap:
    """At most `limit` messages in `scope` until `ends`; the scope's name contains the hour or day."""

    scope: str
    limit: int
    ends: datetime


@dataclass(frozen=True)
class Grant:
    """`messages` may be sent after `wait` seconds; 0 if the cap `scope` is used up for `wait` seconds."""

    messages: int
    wait: float = 0.0
    scope: str = ""


def limits(account: AccountPace, campaign: str, per_second: float | None, daily_cap: int | None) -> list[Rate | Cap]:
    """The limits in force now for a campaign: its own and the account's."""
    now = clock.now()
    day, hour = now.replace(hour=0, minute=0, second=0, microsecond=0), now.replace(minute=0, second=0, microsecond=0)
    found: list[Rate | Cap] = []
    for scope, rate, cap in (
        ("account", account.messages_per_second, account.daily_cap),
        (f"campaign:{campaign}", per_second, daily_cap),
    ):
        if rate:
            found.append(Rate(f"{scope}:rate", rate))
        if cap:
            found.append(Cap(f"{scope}:day:{day:%Y-%m-%d}", cap, day + timedelta(days=1)))
    if hourly := account.hourly_cap(now):
        found.append(Cap(f"account:warmup:{hour:%Y-%m-%dT%H}", hourly, hour + timedelta(hours=1)))
    return found


def acquire(ledger: Ledger, within: Sequence[Rate | Cap], messages: int) -> Grant:
    """Acquire an allowance of up to `messages`: the smallest remaining cap limits their number, the slowest rate when."""
    if not within:
        return Grant(messages)
    with ledger.write() as connection:
        rows = _locked(connection, within)
        now = shared_clock.now(connection)
        caps = [limit for limit in within if isinstance(limit, Cap)]
        granted = min([messages, *(cap.limit - rows[cap.scope].used for cap in caps)])
        if granted <= 0:
            full = max((cap for cap in caps if cap.limit <= rows[cap.scope].used), key=lambda cap: cap.ends)
            return Grant(0, full.ends.timestamp() - clock.now().timestamp(), full.scope)
        for cap in caps:
            _write(connection, cap.scope, used=allowances.c.used + granted)
        begins = now
        for rate in (limit for limit in within if isinstance(limit, Rate)):
            start = max(rows[rate.scope].arrival, now)
            begins = max(begins, start)
            _write(connection, rate.scope, arrival=start + granted / rate.per_second)
    return Grant(granted, begins - now)


def release(ledger: Ledger, within: Sequence[Rate | Cap], messages: int) -> None:
    """Return an allowance to the caps: its messages were not sent."""
    caps = [limit for limit in within if isinstance(limit, Cap)]
    if not caps:
        return
    with ledger.write() as connection:
        for cap in caps:
            _write(connection, cap.scope, used=allowances.c.used - messages)


def _locked(connection: Connection, within: Sequence[Rate | Cap]) -> dict[str, Any]:
    """The rows of all scopes, inserted if missing, locked in name order so that two processes cannot deadlock."""
    scopes = sorted({limit.scope for limit in within})
    fresh = [{"scope": scope, "arrival": 0.0, "used": 0} for scope in scopes]
    connection.execute(insert_into(connection, allowances).on_conflict_do_nothing(), fresh)
    query = select(allowances).where(allowances.c.scope.in_(scopes)).order_by(allowances.c.scope).with_for_update()
    return {row.scope: row for row in connection.execute(query)}


def _write(connection: Connection, scope: str, **values: Any) -> None:
    connection.execute(update(allowances).where(allowances.c.scope == scope).values(**values))


def used(ledger: Ledger, at: datetime) -> tuple[int | None, int | None]:
    """Messages that count for the account's daily cap, and for the warm-up's hour of `at`; None where no limit counts."""
    scopes = f"account:day:{at:%Y-%m-%d}", f"account:warmup:{at:%Y-%m-%dT%H}"
    with ledger.read() as connection:
        query = select(allowances.c.scope, allowances.c.used).where(allowances.c.scope.in_(scopes))
        known = {row.scope: row.used for row in connection.execute(query)}
    return known.get(scopes[0]), known.get(scopes[1])
