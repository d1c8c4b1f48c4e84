"""A schedule is cron in a time zone, or one date; mistakes are found at their line."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from include.core.campaign_file import inspect_campaign, load_campaign
from include.core.errors import ConfigurationError
from include.core.occurrence import occurrence_of
from tests.core.test_campaign import VALID, write_campaign


def scheduled(folder: Path, schedule: str, zone: str = "") -> Path:
    lines = f"schedule: {schedule}\n" + (f"time_zone: {zone}\n" if zone else "")
    return write_campaign(folder, VALID.replace("segment:", f"{lines}segment:"))


@pytest.mark.parametrize(
    ("schedule", "zone", "at"),
    [
        ("2026-12-24 09:00", "Europe/Berlin", "2026-12-24 08:00"),
        ("2026-12-24 09:00:00", "Europe/Berlin", "2026-12-24 08:00"),
        ("2026-12-24T09:00", "", "2026-12-24 09:00"),
        ('"2026-07-01 9:30"', "America/New_York", "2026-07-01 13:30"),
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25 00:30"),
    ],
)
def test_one_date_is_a_time_of_the_zone(tmp_path: Path, schedule: str, zone: str, at: str) -> None:
    campaign = load_campaign("spring", scheduled(tmp_path, schedule, zone))
    assert campaign.one_date == datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert campaign.next_run(datetime(2026, 1, 1, tzinfo=UTC)) == campaign.one_date
    assert campaign.next_run(datetime(2027, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("after", "at"),
    [
        ("2026-03-28 12:00", "2026-03-29 07:00"),
        ("2026-03-27 12:00", "2026-03-28 08:00"),
        ("2026-10-25 12:00", "2026-10-26 08:00"),
    ],
)
def test_cron_is_a_time_of_the_zone_in_summer_and_winter(tmp_path: Path, after: str, at: str) -> None:
    campaign = load_campaign("spring", scheduled(tmp_path, '"0 9 * * *"', "Europe/Berlin"))
    assert campaign.one_date is None
    assert campaign.next_run(datetime.fromisoformat(after).replace(tzinfo=UTC)) == datetime.fromisoformat(at).replace(
        tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("schedule", "zone", "line", "words"),
    [
        ("every tuesday", "", 6, "'every tuesday' is neither a cron expression nor a date. Write cron, as in 0 9 * * 2"),
        ('"0 9 * *"', "", 6, "is neither a cron expression nor a date."),
        ('"0 25 * * *"', "", 6, "is neither a cron expression nor a date."),
        ('"0 9 * * 2 5"', "", 6, "is neither a cron expression nor a date."),
        ('"0 9 30 2 *"', "", 6, "'0 9 30 2 *' never comes: there is no such day."),
        ('"2026-02-30 09:00"', "", 6, "'2026-02-30 09:00' is not a date of the calendar."),
        ("2026-12-24", "", 6, "has no time. Write for example 2026-12-24 09:00."),
        ("2026-12-24T09:00:00+01:00", "", 6, "has an offset from UTC. Write the local time, and its zone as time_zone"),
        ("2027-03-28 02:30", "Europe/Berlin", 6, "2027-03-28 02:30 does not exist in Europe/Berlin: the clocks go forward"),
        ('"0 9 * * 2"', "Europe/Berln", 7, "'Europe/Berln' is not a time zone. Did you mean Europe/Berlin?"),
        ('"0 9 * * 2"', "CEST", 7, "'CEST' is not a time zone. Write an IANA name, as in Europe/Berlin."),
    ],
)
def test_a_mistake_is_an_error_at_its_line(tmp_path: Path, schedule: str, zone: str, line: int, words: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_campaign("spring", scheduled(tmp_path, schedule, zone))
    assert raised.value.where == f"spring.yaml, line {line}"
    assert words in raised.value.what


def test_a_date_that_has_passed_is_a_warning_and_the_campaign_still_loads(tmp_path: Path) -> None:
    folder = scheduled(tmp_path, "2020-12-24 09:00")
    assert [(one.severity, one.line, one.what) for one in inspect_campaign("spring", folder).findings] == [
        ("warning", 6, "schedule: the date has passed.")
    ]
    assert load_campaign("spring", folder).one_date is not None


@pytest.mark.parametrize(
    ("schedule", "occurrence", "runs"),
    [
        ("0 17 * * *", "month", ("1 December, 17:00", "2 December, 17:00")),
        ("0 17 * * 1,4", "week", ("30 November, 17:00", "3 December, 17:00")),
        ("0 9 1,15 * *", "month", ("1 December, 09:00", "15 December, 09:00")),
        ("0 9,15 * * *", "signup", ("30 November, 09:00", "30 November, 15:00")),
        ("0 17 * * *", "day", None),
        ("0 17 * * *", "signup", None),
        ("0 9 * * 2", "week", None),
        ("0 9 3 * *", "month", None),
        ("2027-07-01 09:00", "once", None),
    ],
)
def test_a_run_that_finds_the_plan_of_the_one_before_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: str, occurrence: str, runs: tuple[str, str] | None
) -> None:
    """A week is planned once: a daily schedule sends on its first day only, whoever comes into the segment later."""
    folder = scheduled(tmp_path, f'"{schedule}"')
    file = folder / "spring.yaml"
    file.write_text(re.sub(r"occurrence: \w+", f"occurrence: {occurrence}", file.read_text()))
    monkeypatch.setattr("include.core.clock.now", lambda: datetime(2026, 11, 30, tzinfo=UTC))
    found = [one for one in inspect_campaign("spring", folder).findings if "planned once" in one.what]
    if runs is None:
        assert found == []
    else:
        assert [(one.severity, one.line) for one in found] == [("warning", 6)]
        assert found[0].what.startswith(f"schedule: the runs of {runs[0]} and {runs[1]} (UTC)")


def test_the_periods_of_an_occurrence_begin_in_the_zone(tmp_path: Path) -> None:
    folder = scheduled(tmp_path, '"30 0 * * 1"', "Europe/Berlin")
    campaign = load_campaign("spring", folder)
    monday = datetime(2026, 11, 30, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    for period, name in (("day", "2026-11-30"), ("week", "2026-W49"), ("month", "2026-11"), ("once", "once")):
        assert occurrence_of(campaign.model_copy(update={"occurrence": period}), monday.astimezone(UTC)) == name
    assert occurrence_of(campaign.model_copy(update={"occurrence": "day", "time_zone": "UTC"}), monday) == "2026-11-29"
