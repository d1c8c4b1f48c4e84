"""Send windows in each person's local time, including days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.arrival_hours import ArrivalHours, QuietHours, SendWindow, arrival_hours
from include.dispatch.send_window import AHEAD_LIMIT, NO_HOUR, SOON, arrival, next_window, send_times

NINE_TO_EIGHT = ArrivalHours(((9, 20),))
NIGHT = QuietHours(start=22, end=7)
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "right")))


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "opens", "closes"),
    [
        ("Europe/Berlin", utc(2026, 11, 24, 12), None, utc(2026, 11, 24, 19)),
        ("Europe/Berlin", utc(2026, 11, 24, 6), utc(2026, 11, 24, 8), utc(2026, 11, 24, 19)),
        ("Europe/Berlin", utc(2026, 11, 24, 22), utc(2026, 11, 25, 8), utc(2026, 11, 25, 19)),
        ("Asia/Kolkata", utc(2026, 11, 24, 20), utc(2026, 11, 25, 3, 30), utc(2026, 11, 25, 14, 30)),
        # Clocks go back on 25 October 2026 and forward on 28 March 2027: nine o'clock stays nine o'clock.
        ("Europe/Berlin", utc(2026, 10, 24, 20), utc(2026, 10, 25, 8), utc(2026, 10, 25, 19)),
        ("Europe/Berlin", utc(2027, 3, 27, 20), utc(2027, 3, 28, 7), utc(2027, 3, 28, 18)),
        ("Mars/Phobos", utc(2026, 11, 24, 8), utc(2026, 11, 24, 9), utc(2026, 11, 24, 20)),
        (None, utc(2026, 11, 24, 12), None, utc(2026, 11, 24, 20)),
        ("", utc(2026, 11, 24, 12), None, utc(2026, 11, 24, 20)),
        ("America/New_York", utc(2026, 11, 24, 12), utc(2026, 11, 24, 14), utc(2026, 11, 25, 1)),
    ],
)
def test_next_window_in_a_time_zone(zone: str | None, at: datetime, opens: datetime | None, closes: datetime) -> None:
    assert next_window(NINE_TO_EIGHT, zone, at) == (opens, closes)


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)),
    st.integers(0, 22).flatmap(lambda start: st.tuples(st.just(start), st.integers(start + 1, 24))),
)
def test_send_time_is_in_local_hours_and_within_sendgrids_limit(zone: str, naive: datetime, hours: tuple[int, int]) -> None:
    at = naive.replace(tzinfo=UTC)
    opens, closes = next_window(ArrivalHours((hours,)), zone, at)
    sent = opens or at + SOON
    assert at < closes
    assert sent - at <= AHEAD_LIMIT
    if opens is not None:
        local = opens.astimezone(ZoneInfo(zone))
        # Where the clock jumps over the opening hour, the first moment after it counts.
        assert local.hour == hours[0] or local.utcoffset() != (local - timedelta(hours=3)).utcoffset()


def test_send_times_are_empty_without_a_window() -> None:
    windows = {"early": NINE_TO_EIGHT, "any": None}
    assert send_times({"any": None}, [("Europe/Berlin", -1)], utc(2026, 11, 24)).num_rows == 0
    found = send_times(windows, [("Europe/Berlin", -1), ("", -1)], utc(2026, 11, 24)).to_pylist()
    assert [(row["variant"], row["zone"]) for row in found] == [("early", "Europe/Berlin"), ("early", "")]


def test_window_until_midnight_ends_with_the_day() -> None:
    late = ArrivalHours(((20, 24),))
    assert next_window(late, "Europe/Berlin", utc(2026, 11, 24, 20)) == (None, utc(2026, 11, 24, 23))
    assert next_window(late, "Europe/Berlin", utc(2026, 11, 24, 23)) == (utc(2026, 11, 25, 19), utc(2026, 11, 25, 23))


def test_window_that_opens_soon_is_not_scheduled() -> None:
    opens = utc(2026, 11, 24, 8)
    assert next_window(NINE_TO_EIGHT, "Europe/Berlin", opens - SOON)[0] is None
    assert next_window(NINE_TO_EIGHT, "Europe/Berlin", opens - SOON - timedelta(seconds=1))[0] == opens


def test_window_times_are_in_utc() -> None:
    opens, closes = next_window(NINE_TO_EIGHT, "Asia/Kolkata", utc(2026, 11, 24, 20))
    assert opens is not None
    assert (opens.tzinfo, closes.tzinfo) == (UTC, UTC)


@pytest.mark.parametrize(
    ("window", "quiet", "spans"),
    [
        (None, NIGHT, ((7, 22),)),
        (None, QuietHours(start=1, end=6), ((0, 1), (6, 24))),
        (SendWindow(start=5, end=24), NIGHT, ((7, 22),)),
        (SendWindow(start=9, end=20), QuietHours(start=12, end=14), ((9, 12), (14, 20))),
        (SendWindow(start=2, end=6), NIGHT, ()),
    ],
)
def test_quiet_hours_are_cut_out_of_the_window(
    window: SendWindow | None, quiet: QuietHours, spans: tuple[tuple[int, int], ...]
) -> None:
    hours = arrival_hours(window, quiet)
    assert hours is not None
    assert hours.spans == spans
    assert [hour in hours for hour in range(24)] == [
        (window is None or window.start <= hour < window.end) and not quiet.covers(hour) for hour in range(24)
    ]


def test_mail_of_the_night_arrives_when_quiet_hours_end_on_the_recipients_clock() -> None:
    hours = arrival_hours(None, NIGHT)
    assert hours is not None
    assert next_window(hours, "Europe/Berlin", utc(2026, 11, 24, 22)) == (utc(2026, 11, 25, 6), utc(2026, 11, 25, 21))
    assert next_window(hours, "America/New_York", utc(2026, 11, 24, 22)) == (None, utc(2026, 11, 25, 3))
    assert next_window(hours, None, utc(2026, 11, 24, 3)) == (utc(2026, 11, 24, 7), utc(2026, 11, 24, 22))


def test_hours_that_go_over_midnight_are_one_span() -> None:
    hours = arrival_hours(None, QuietHours(start=1, end=6))
    assert hours is not None
    assert next_window(hours, "UTC", utc(2026, 11, 24, 23)) == (None, utc(2026, 11, 25, 1))
    assert next_window(hours, "UTC", utc(2026, 11, 24, 0, 30)) == (None, utc(2026, 11, 24, 1))


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)),
    st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda hours: hours[0] != hours[1]),
)
def test_no_message_is_due_in_quiet_hours(zone: str, naive: datetime, night: tuple[int, int]) -> None:
    quiet, at = QuietHours(start=night[0], end=night[1]), naive.replace(tzinfo=UTC)
    hours = arrival_hours(None, quiet)
    assert hours is not None
    opens, closes = next_window(hours, zone, at)
    assert at < closes
    assert (opens or at) - at <= AHEAD_LIMIT
    moments = [opens] if opens else [at, at + SOON]
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    clocks_change = local[0].utcoffset() != (local[0] - timedelta(hours=3)).utcoffset()
    assert clocks_change or not all(quiet.covers(moment.hour) for moment in local)


def test_mail_at_a_persons_own_hour_arrives_within_a_day() -> None:
    night = arrival_hours(None, NIGHT)
    at = utc(2026, 11, 24, 12)  # One o'clock in Berlin.
    assert arrival(None, "Europe/Berlin", 18, at) == (utc(2026, 11, 24, 17), None)
    assert arrival(None, "Europe/Berlin", 13, at) == (None, None)
    assert arrival(night, "Europe/Berlin", 8, at) == (utc(2026, 11, 25, 7), utc(2026, 11, 25, 21))
    assert arrival(night, "Europe/Berlin", NO_HOUR, at) == (None, utc(2026, 11, 24, 21))
    assert arrival(None, "Europe/Berlin", NO_HOUR, at) == (None, None)
