"""The calendar: which day has which runs, what is expected, and what does not fit into the account's limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from include.core.campaign import Campaign
from include.core.pace import WARMUP_HOURLY, AccountPace
from include.core.paths import DataPaths
from include.publish.calendar import Day, calendar_page, daily_limit, plan_days, steady_mail, volumes
from tests.campaign import a_campaign

CHROMIUM = Path("/usr/bin/chromium")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)  # A Thursday.
TUESDAYS = a_campaign(id="letter", schedule="0 9 * * 2", cost_per_thousand=2.0)


def by_date(days: list[Day]) -> dict[date, Day]:
    return {day.day: day for day in days}


def test_weeks_begin_on_monday_and_runs_are_on_their_days() -> None:
    days = plan_days([TUESDAYS], {("campaign", "letter"): 500}, AccountPace(), NOW)
    assert (days[0].day, len(days)) == (date(2026, 11, 23), 35)
    assert [day.day for day in days if day.planned] == [date(2026, 12, 1) + week * timedelta(7) for week in range(4)]
    run = by_date(days)[date(2026, 12, 1)].planned[0]
    assert (run.at, run.local, run.runs, run.expected) == (datetime(2026, 12, 1, 9, tzinfo=UTC), "09:00 UTC", 1, 500)
    assert by_date(days)[date(2026, 12, 1)].cost == pytest.approx(1.0)


def test_times_are_those_of_the_campaigns_zone() -> None:
    tokyo = a_campaign(id="tokyo", schedule="0 8 * * *", time_zone="Asia/Tokyo")
    day = by_date(plan_days([tokyo], {}, AccountPace(), NOW))[date(2026, 11, 26)]
    assert (day.planned[0].local, day.planned[0].at.hour) == ("08:00 Asia/Tokyo", 23)


def test_several_runs_of_a_day_are_one_line() -> None:
    hourly = a_campaign(id="hourly", schedule="0 * * * *")
    assert [len(day.planned) for day in plan_days([hourly], {}, AccountPace(), NOW)[4:]] == [1] * 31


def test_the_segment_counts_until_there_is_a_plan() -> None:
    def expected(known: dict[tuple[str, str], int]) -> int | None:
        return next(day for day in plan_days([TUESDAYS], known, AccountPace(), NOW) if day.planned).planned[0].expected

    segment = ("segment", str(TUESDAYS.segment))
    assert expected({}) is None
    assert expected({segment: 70}) == 70
    assert expected({segment: 70, ("campaign", "letter"): 60}) == 60


def test_a_combination_of_segments_counts_until_there_is_a_plan(published: DataPaths) -> None:
    """By who is in it, where each of its segments was built; before anything is subtracted, so it is the most."""
    both = a_campaign(id="both", schedule="0 9 * * 2", segment={"any": ["newsletter_readers", "loyal_customers"]})
    without = a_campaign(
        id="without", schedule="0 9 * * 2", segment="newsletter_readers", exclude_segments=("loyal_customers",)
    )
    unbuilt = a_campaign(id="unbuilt", schedule="0 9 * * 2", segment={"all": ["newsletter_readers", "moon_people"]})
    known = volumes(published, NOW, [both, without, unbuilt])
    people = published_members(published)
    first = date(2026, 12, 1)
    found = {
        each.id: by_date(plan_days([each], known, AccountPace(), NOW))[first].planned[0] for each in (both, without, unbuilt)
    }
    assert found["both"][4:] == (len(people["newsletter_readers"] | people["loyal_customers"]), "audience")
    assert found["without"][4:] == (len(people[str(without.segment)] - people["loyal_customers"]), "audience")
    assert found["unbuilt"].expected is None
    assert people["newsletter_readers"] > people["loyal_customers"] > set(), (
        "the exclusion leaves somebody and takes somebody"
    )
    assert expected_on(both, {**known, ("campaign", "both"): 7})[first] == 7


def published_members(paths: DataPaths) -> dict[str, set[str]]:
    """The people of each segment in the published file."""
    with duckdb.connect(str(paths.published / "analytics.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select segment, subscriber_id from marts.segment_history where left_at is null"
        ).fetchall()
    return {name: {person for segment, person in rows if segment == name} for name in {segment for segment, _ in rows}}


def expected_on(campaign: Campaign, known: dict[tuple[str, str], int]) -> dict[date, int | None]:
    days = plan_days([campaign], known, AccountPace(), NOW)
    return {day.day: run.expected for day in days for run in day.planned}


def test_an_occurrence_counts_once_however_often_it_runs() -> None:
    daily = a_campaign(id="letter", schedule="0 17 * * *", occurrence="month")
    known = {("campaign", "letter"): 900, ("occurrence", "letter 2026-11"): 900, ("occurrence", "other 2026-12"): 1}
    found = expected_on(daily, known)
    assert {day: people for day, people in found.items() if people} == {date(2026, 12, 1): 900}
    once = a_campaign(id="sale", schedule="2026-12-24 09:00", occurrence="once")
    assert expected_on(once, {("campaign", "sale"): 70}) == {date(2026, 12, 24): 70}
    assert expected_on(once, {("campaign", "sale"): 70, ("occurrence", "sale once"): 70}) == {date(2026, 12, 24): 0}
    assert expected_on(once, {("occurrence", "sale once"): 70}) == {date(2026, 12, 24): 0}, "though nothing else is known"
    hourly = a_campaign(id="hourly", schedule="0 9,15 * * *", occurrence="day")
    assert expected_on(hourly, {("campaign", "hourly"): 5})[date(2026, 12, 1)] == 5


def test_triggered_mail_is_not_measured_by_those_who_waited_for_its_first_run() -> None:
    welcome = a_campaign(id="welcome", schedule="0 8 * * *", occurrence="signup", segment="new_people")
    first, second = date(2026, 11, 27), date(2026, 11, 28)
    never = expected_on(welcome, {("segment", "new_people"): 500, ("entered", "new_people"): 9})
    assert (never[first], never[second]) == (500, 9)
    once = {("campaign", "welcome"): 500, ("occurrence", "welcome 2026-11-26"): 500, ("entered", "new_people"): 9}
    assert set(expected_on(welcome, once).values()) == {9}
    assert set(expected_on(welcome, {**once, ("later", "welcome"): 11}).values()) == {11}


def test_what_does_not_fit_waits_for_the_next_days() -> None:
    days = by_date(plan_days([TUESDAYS], {("campaign", "letter"): 250}, AccountPace(daily_cap=100), NOW))
    first = date(2026, 12, 1)
    assert [(days[first + timedelta(at)].carried, days[first + timedelta(at)].waiting) for at in range(4)] == [
        (0, 150),
        (150, 50),
        (50, 0),
        (0, 0),
    ]


def test_the_mail_of_journeys_counts_on_every_day_from_today() -> None:
    steady, silent, broken = steady_mail({("journey", "abandoned_basket__reminder"): 30, ("journey", "gone__step"): 9})
    assert [(each.journey, each.expected, round(each.cost, 4)) for each in steady] == [("Your basket", 30, 0.012)]
    assert broken == []
    assert silent == ["How does it sound", "Many happy returns", "First steps"]
    days = by_date(plan_days([TUESDAYS], {("campaign", "letter"): 250}, AccountPace(daily_cap=100), NOW, steady))
    assert [days[NOW.date() + timedelta(at)].expected for at in (-1, 0, 1)] == [0, 30, 30]
    assert days[date(2026, 12, 1)].waiting == 180


def test_the_warm_up_limits_a_day_to_its_hours() -> None:
    warming = AccountPace(daily_cap=5_000, warmup_started_on=date(2026, 11, 26), warmup_ips=2)
    assert daily_limit(warming, date(2026, 11, 26)) == 24 * 2 * WARMUP_HOURLY[0]
    assert daily_limit(warming, date(2026, 12, 26)) == 5_000
    assert daily_limit(AccountPace(), date(2026, 11, 26)) is None


def test_the_page_names_campaigns_limits_and_broken_files(
    published: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in Path("include/campaigns").glob("*.yaml"):
        (tmp_path / source.name).write_text(source.read_text())
    (tmp_path / "broken.yaml").write_text("id: broken\nname: <b>\n")
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(tmp_path))
    page = calendar_page(published, AccountPace(daily_cap=1), NOW)
    assert "The weekly letter" in page
    assert "Files with errors" in page
    assert "broken.yaml" in page
    assert "of 1 allowed" in page
    assert "The account's limits could not be read" in calendar_page(published, None, NOW)


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not on this machine (apt-get install chromium)")
def test_the_page_is_accessible_on_a_phone_and_on_a_desktop(published: DataPaths, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    (tmp_path / "calendar.html").write_text(calendar_page(published, AccountPace(daily_cap=4_000), NOW))
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for width, scheme in ((1280, "light"), (375, "dark")):
            tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            tab.goto((tmp_path / "calendar.html").as_uri())
            found = axe.Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]}).response
            assert [rule["id"] for rule in found["violations"]] == []
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()


def test_without_a_published_file_volumes_are_unknown(paths: DataPaths) -> None:
    known: Any = volumes(paths, NOW)
    assert known == {}
    assert "volume unknown" in calendar_page(paths, AccountPace(), NOW)
