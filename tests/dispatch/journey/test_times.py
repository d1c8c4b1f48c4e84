"""Waits and windows by the person's clock, also when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.core.arrival_hours import SendWindow
from include.core.journey_fields import Step, Wait
from include.core.journey_version import load_version
from include.dispatch.journey.times import due_at

VERSION = load_version("abandoned_basket")


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("wait", "zone", "arrived", "due"),
    [
        (Wait(days=1, until_hour=9), "Europe/Berlin", "2026-11-24 06:00", "2026-11-25 08:00"),
        (Wait(days=1, until_hour=9), "Europe/Berlin", "2026-11-24 10:00", "2026-11-26 08:00"),
        (Wait(until_hour=9), "Asia/Tokyo", "2026-11-24 00:00", "2026-11-24 00:00"),
        (Wait(until_hour=9), "America/New_York", "2026-11-24 20:00", "2026-11-25 14:00"),
        (Wait(until_hour=9), "Nowhere/Unknown", "2026-11-24 08:00", "2026-11-24 09:00"),
        (Wait(until_hour=9), None, "2026-11-24 09:01", "2026-11-25 09:00"),
        (Wait(until_hour=2), "Europe/Berlin", "2026-03-28 20:00", "2026-03-29 01:00"),  # 02:00 does not exist: it is 03:00.
        (Wait(until_hour=2), "Europe/Berlin", "2026-10-24 20:00", "2026-10-25 00:00"),  # 02:00 comes twice: the first.
        (Wait(until_hour=2), "Europe/Berlin", "2026-10-25 00:30", "2026-10-26 01:00"),
        (Wait(days=1, until_hour=9), "Europe/Berlin", "2026-03-28 07:30", "2026-03-29 07:30"),  # 09:30 there: the next day.
        (Wait(hours=1), None, "2026-11-24 06:03", "2026-11-24 07:10"),
        (Wait(minutes=5), None, "2026-11-24 06:03", "2026-11-24 06:08"),
    ],
)
def test_a_wait_ends_by_the_clock_of_the_person(wait: Wait, zone: str | None, arrived: str, due: str) -> None:
    at = moment(arrived)
    found = due_at(VERSION, Step(id="pause", wait=wait), zone, at, at)
    expected = moment("2026-03-30 07:00") if due == "2026-03-29 07:30" else moment(due)
    assert datetime.fromtimestamp(found, UTC) == datetime.fromtimestamp(expected, UTC)


def test_a_wait_that_is_over_when_the_trigger_is_seen_ends_now_or_at_the_next_such_hour() -> None:
    now = moment("2026-11-24 20:00")
    assert due_at(VERSION, Step(id="pause", wait=Wait(hours=1)), None, now - 20 * 3600, now) == now
    hour = Step(id="pause", wait=Wait(hours=1, until_hour=9))
    assert due_at(VERSION, hour, "Europe/London", now - 20 * 3600, now) == moment("2026-11-25 09:00")


def test_mail_with_a_window_waits_in_the_journey_until_it_opens() -> None:
    step, now = VERSION.journey.step("reminder"), moment("2026-11-24 20:00")
    assert due_at(VERSION, step, "Europe/London", now, now) == now
    within = VERSION.campaigns["reminder"].model_copy(update={"send_window": SendWindow(start=9, end=20)})
    version = load_version("abandoned_basket")
    version.campaigns["reminder"] = within
    assert due_at(version, step, "Europe/London", now, now) == moment("2026-11-25 09:00")
    assert due_at(version, step, "America/New_York", now, now) == now
