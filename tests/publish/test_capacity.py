"""The formulae of the planner, against figures worked out by hand and against what must hold for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.pace import WARMUP_HOURLY
from include.publish.capacity import Need, capacity, duration, marketing_ips, warmup_days, warmup_room

PEOPLE = st.integers(1, 10**9)


def test_a_million_people_twice_a_week() -> None:
    found = capacity(Need(1_000_000, 2, 4, 0.9, per_second=100))
    assert found.messages_a_week == 2_000_000
    assert found.messages_a_month == pytest.approx(8_696_428, abs=1)
    assert (found.cost_a_send, round(found.cost_a_month)) == (900, 7_827)
    assert found.needed_per_second == pytest.approx(69.444, abs=0.001)
    assert found.duration == pytest.approx(2.778, abs=0.001)
    assert (found.marketing_ips, found.recommended_ips) == (1, 2)
    assert found.warmup_days == 30, "day 29 allows 246,953 messages an hour, so 987,812 in four hours"
    assert found.is_in_time


def test_a_send_that_takes_longer_than_the_pause_between_two_is_late() -> None:
    assert capacity(Need(1_000_000, 2, 4, 0.9, daily_cap=200_000)).is_in_time is False
    assert capacity(Need(1_000_000, 2, 4, 0.9)).is_in_time is None, "without limits no duration is known"


@pytest.mark.parametrize(
    ("people", "per_second", "daily_cap", "hours"),
    [
        (3_600, 1, None, 1), (36_000, None, 36_000, 0), (36_001, None, 36_000, 24),
        (100_000, 10, 36_000, 48 + 28_000 / 36_000), (864_001, 10, 10**9, 24 + 1 / 36_000), (1, None, None, None),
    ],
)  # fmt: skip
def test_full_days_come_before_the_rest(people: int, per_second: float, daily_cap: int, hours: float | None) -> None:
    assert duration(people, per_second, daily_cap) == (None if hours is None else pytest.approx(hours))


@given(PEOPLE, st.floats(0.1, 24), st.integers(1, 50))
def test_the_day_of_the_warm_up_is_the_first_with_room(people: int, hours: float, ips: int) -> None:
    room, day = warmup_room(hours, ips), warmup_days(people, hours, ips)
    assert len(room) == len(WARMUP_HOURLY)
    if day is None:
        assert max(room) < people
    else:
        assert room[day - 1] >= people
        assert all(each < people for each in room[: day - 1])


@given(PEOPLE, PEOPLE, st.floats(0.5, 1e5), st.integers(1, 10**8))
def test_more_people_never_take_less_time(one: int, other: int, per_second: float, daily_cap: int) -> None:
    few, many = sorted((one, other))
    assert (duration(few, per_second, daily_cap) or 0) <= (duration(many, per_second, daily_cap) or 0) + 1e-6


@given(PEOPLE, st.floats(0.1, 720))
def test_no_address_sends_more_than_recommended(people: int, hours: float) -> None:
    assert people * min(1.0, 24 / hours) / marketing_ips(people, hours) <= 3_000_000 + 1e-6
