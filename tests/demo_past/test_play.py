"""The past of the demo: the same invariants hold for it as for a live run, and it leaves the present alone."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo_past.__main__ import play
from include.core import clock
from include.core.errors import TradewindError
from include.core.paths import DataPaths
from include.ledger.stores import Stores
from include.publish.console.render import console_page
from include.publish.file import publish
from include.publish.report import write_report
from include.warehouse.connection import open_warehouse
from simulator import clock as simulator_clock


def rows(stores: Stores, query: str) -> list[Any]:
    with open_warehouse(stores.paths) as warehouse:
        return warehouse.execute(query).fetchall()


def test_each_person_got_each_campaign_once(played: Stores) -> None:
    sent = rows(
        played, "select message_key, campaign, occurrence, subscriber_id from dispatch.sends where state = 'accepted'"
    )
    assert len(sent) > 20
    assert len({row[1:] for row in sent}) == len(sent)
    with closing(sqlite3.connect(played.paths.simulator / "simulator.sqlite")) as simulator:
        accepted = simulator.execute("select tw_key from accepted").fetchall()
    assert sorted(accepted) == sorted((row[0],) for row in sent)


def test_two_weeks_have_campaigns_events_segments_and_a_list(played: Stores) -> None:
    letters = rows(played, "select delivered from marts.campaign_performance where campaign = 'newsletter'")
    assert len(letters) == 2
    assert all(delivered > 0 for (delivered,) in letters)
    assert len(rows(played, "select distinct segment_run from marts.segment_sizes")) == 2
    first, second = rows(played, "select subscribers from marts.list_health where day < utc_day(now()) order by day limit 2")
    assert 0 < first[0] < second[0], "people signed up between the two nights"
    states = rows(played, "select count(distinct day) from marts.lifecycle_daily where day < utc_day(now())")
    assert states == [(2,)], "lifecycle over time"
    assert rows(played, "select count(*) from marts.events where event = 'opened' and verdict = 'human'") > [(0,)]


def test_everything_happened_in_the_past(played: Stores) -> None:
    ((first, last),) = rows(played, "select first_day, last_day from marts.simulated_past")
    assert (last - first).days in range(7, 14)
    for column, table in (
        ("occurred_at", "engagement.events"),
        ("sent_at", "dispatch.sends"),
        ("planned_at", "dispatch.plans"),
        ("as_of", "segment.runs"),
        ("validated_at", "quality.runs"),
        ("happened_at", "core.suppressions"),
    ):
        ((earliest, latest),) = rows(played, f"select min({column}), max({column}) from {table}")
        assert first <= earliest.astimezone(UTC).date(), f"{table}.{column}"
        assert latest.astimezone(UTC).date() <= last, f"{table}.{column}"


def test_events_follow_their_mail_within_minutes(played: Stores) -> None:
    late = rows(
        played,
        "select count(*) from engagement.events inner join dispatch.sends using (message_key) "
        "where occurred_at not between sent_at - interval 2 seconds and sent_at + interval 10 minutes",
    )
    assert late == [(0,)]


def test_nobody_was_mailed_after_an_opt_out(played: Stores) -> None:
    mailed = rows(
        played,
        "select count(*) from dispatch.sends inner join core.suppressions using (address_key) "
        "where state = 'accepted' and happened_at < sent_at",
    )
    assert rows(played, "select count(*) from core.suppressions") > [(0,)]
    assert mailed == [(0,)]


def test_today_is_left_to_the_first_live_run(played: Stores) -> None:
    """No campaign of this week or month, and nobody who was mailed within a frequency cap."""
    today = clock.now()
    occurrences = rows(played, "select occurrence, planned_at from dispatch.plans")
    week = "{}-W{:02}".format(*today.isocalendar())
    assert not {occurrence for occurrence, _ in occurrences} & {week, f"{today:%Y-%m}"}
    assert max(planned for _, planned in occurrences) < today - timedelta(hours=16)


def test_report_and_console_say_which_days_are_simulated(played: Stores) -> None:
    publish(played.paths)
    page = (played.paths.root / write_report(played.paths)).read_text()
    ((first, last),) = rows(played, "select first_day, last_day from marts.simulated_past")
    assert f"Figures from {first} to {last} are simulated." in page
    assert f"Days from {first} to {last} are simulated" in console_page(played.paths, "overview", {}, clock.now())


def test_the_clocks_and_the_environment_are_as_before(played: Stores) -> None:
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert abs(simulator_clock.now() - datetime.now(UTC).timestamp()) < 5
    assert os.environ.get("TRADEWIND_DATA") != str(played.paths.demo / "unfinished_past")
    assert not list(played.paths.demo.glob("*"))


def test_a_folder_with_data_gets_no_past(small_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo_past.__main__.play_week", lambda *_arguments: None)
    monkeypatch.setattr("demo_past.__main__.record_past", lambda *_arguments: None)
    paths = DataPaths(tmp_path)
    paths.ledger.parent.mkdir()
    paths.ledger.write_text("mine")
    with pytest.raises(TradewindError, match="new data folder"):
        play(paths, small_shop, 2, seed=1)
    assert paths.ledger.read_text() == "mine"
    assert not paths.simulator.exists()
