"""Pace: caps and rates hold for all callers together."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from include.core import clock
from include.core.pace import WARMUP_HOURLY, AccountPace
from include.ledger import pace, shared_clock
from include.ledger.database import Ledger
from include.ledger.tables import allowances

TOMORROW = datetime(2099, 1, 2, tzinfo=UTC)


def test_everything_is_granted_without_limits(ledger: Ledger) -> None:
    assert pace.acquire(ledger, [], 1_000) == pace.Grant(1_000)


def test_cap_grants_the_rest_and_reports_the_wait(ledger: Ledger) -> None:
    cap = [pace.Cap("account:day:2099-01-01", 1_500, TOMORROW)]
    assert [pace.acquire(ledger, cap, 1_000).messages for _ in range(3)] == [1_000, 500, 0]
    refused = pace.acquire(ledger, cap, 1)
    assert refused.scope == "account:day:2099-01-01"
    assert refused.wait > 0
    pace.release(ledger, cap, 300)
    assert pace.acquire(ledger, cap, 1_000).messages == 300


def test_rate_spaces_chunks_evenly(ledger: Ledger) -> None:
    rate = [pace.Rate("account:rate", 0.01)]
    arrivals = []
    for _ in range(3):
        pace.acquire(ledger, rate, 1_000)
        arrivals.append(_arrival(ledger, rate[0].scope))
    assert arrivals[1] - arrivals[0] == pytest.approx(100_000)
    assert arrivals[2] - arrivals[1] == pytest.approx(100_000)
    assert pace.acquire(ledger, rate, 1).wait > 200_000


def test_concurrent_callers_share_one_cap(ledger: Ledger) -> None:
    cap: list[pace.Rate | pace.Cap] = [
        pace.Cap("campaign:spring:day:2099-01-01", 1_000, TOMORROW),
        pace.Rate("account:rate", 1e9),
    ]
    granted: list[int] = []

    def take() -> None:
        for _ in range(20):
            granted.append(pace.acquire(ledger, cap, 17).messages)

    takers = [threading.Thread(target=take) for _ in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert sum(granted) == 1_000


def test_allowances_are_locked_in_the_order_of_their_names(ledger: Ledger) -> None:
    """Otherwise two processes could wait for each other's row for ever. SQLite has one writer at a time."""
    last, first = pace.Rate("b", 1e9), pace.Rate("a", 1e9)
    for rate in (last, first):
        pace.acquire(ledger, [rate], 1)
    other = threading.Thread(target=pace.acquire, args=(ledger, [last, first], 1))
    scope = allowances.c.scope
    with ledger.write() as connection:
        connection.execute(select(scope).where(scope == last.scope).with_for_update())
        other.start()
        other.join(0.7)
        free = connection.scalars(select(scope).where(scope == first.scope).with_for_update(skip_locked=True)).all()
    other.join(30)
    assert free == (["a"] if ledger.is_sqlite else [])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 900), st.booleans()), max_size=15), st.integers(1, 3_000))
def test_cap_is_never_exceeded(ledger: Ledger, steps: list[tuple[int, bool]], most: int) -> None:
    cap = [pace.Cap(f"scope:{id(steps)}:{most}:{len(steps)}", most, TOMORROW)]
    pace.release(ledger, cap, 0)
    start = _used(ledger, cap[0].scope)
    out = 0
    for wanted, returned in steps:
        got = pace.acquire(ledger, cap, wanted).messages
        out += got
        if returned and got:
            pace.release(ledger, cap, got)
            out -= got
        assert out + start <= most or start > most


def _arrival(ledger: Ledger, scope: str) -> float:
    with ledger.read() as connection:
        return connection.scalar(select(allowances.c.arrival).where(allowances.c.scope == scope)) or 0.0


def _used(ledger: Ledger, scope: str) -> int:
    with ledger.read() as connection:
        return connection.scalar(select(allowances.c.used).where(allowances.c.scope == scope)) or 0


def test_warmup_cap_follows_the_table() -> None:
    account = AccountPace(warmup_started_on=date(2026, 11, 1), warmup_ips=2)
    first = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
    assert account.hourly_cap(first) == 2 * WARMUP_HOURLY[0] == 40
    assert account.hourly_cap(first + timedelta(days=12)) == 2_000
    assert account.hourly_cap(first + timedelta(days=len(WARMUP_HOURLY))) is None
    assert AccountPace().hourly_cap(first) is None


def test_limits_are_named_by_scope() -> None:
    account = AccountPace(messages_per_second=50, daily_cap=10_000, warmup_started_on=date(2026, 1, 1))
    scopes = {limit.scope.split(":")[0] + ":" + limit.scope.split(":")[1] for limit in pace.limits(account, "spring", 5, 7)}
    assert scopes == {"account:rate", "account:day", "campaign:spring"}


def test_cap_resets_with_its_day_or_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 11, 1, 13, 31, 32, 33, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    account = AccountPace(messages_per_second=50, daily_cap=10_000, warmup_started_on=date(2026, 11, 1))
    midnight = datetime(2026, 11, 2, tzinfo=UTC)
    assert pace.limits(account, "spring", 5, 7) == [
        pace.Rate("account:rate", 50),
        pace.Cap("account:day:2026-11-01", 10_000, midnight),
        pace.Rate("campaign:spring:rate", 5),
        pace.Cap("campaign:spring:day:2026-11-01", 7, midnight),
        pace.Cap("account:warmup:2026-11-01T13", WARMUP_HOURLY[0], datetime(2026, 11, 1, 14, tzinfo=UTC)),
    ]
    assert pace.limits(AccountPace(), "spring", None, None) == []


def test_smallest_cap_limits_the_amount_and_the_latest_reset_the_wait(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2099, 1, 1, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    monkeypatch.setattr(shared_clock, "now", lambda _connection: at.timestamp())
    day, hour = pace.Cap("day", 30, TOMORROW), pace.Cap("hour", 20, datetime(2099, 1, 1, 13, tzinfo=UTC))
    rate = pace.Rate("rate", 2.0)
    assert pace.acquire(ledger, [rate, day, hour], 8) == pace.Grant(8, 0.0)
    assert pace.acquire(ledger, [rate, day, hour], 15) == pace.Grant(12, 4.0)
    assert pace.acquire(ledger, [rate, day, hour], 1) == pace.Grant(0, 3600.0, "hour")
    assert pace.acquire(ledger, [rate, day], 11) == pace.Grant(10, 10.0)
    assert pace.acquire(ledger, [rate, day, hour], 1) == pace.Grant(0, 12 * 3600.0, "day")
    pace.release(ledger, [rate, day, hour], 1)
    assert pace.acquire(ledger, [rate, day, hour], 5) == pace.Grant(1, 15.0)
    monkeypatch.setattr(shared_clock, "now", lambda _connection: at.timestamp() + 100)
    assert pace.acquire(ledger, [rate, pace.Rate("slow", 0.5)], 5) == pace.Grant(5, 0.0)
    assert pace.acquire(ledger, [rate, pace.Rate("slow", 0.5)], 5) == pace.Grant(5, 10.0)
