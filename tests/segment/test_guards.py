"""Limits of a segment's size, what they stop, and the decision that accepts a size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.core.campaign import Campaign
from include.core.errors import ConfigurationError, SegmentsBroken, SegmentStopped
from include.core.failure_alert import failure_alert_for
from include.core.paths import DataPaths
from include.dispatch.plan import segments
from include.segment import limits
from include.segment.build import build_segments
from include.segment.decide import accept_size
from include.warehouse.connection import open_warehouse
from tests.campaign import a_campaign

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
HEADER = (
    "-- name: {name}\n-- owner: marketing\n-- grain: one row per subscriber\n-- params: none\n-- purpose: A test.\n{more}"
)
RECENT = "select subscriber_id from segment.features where days_since_signup < {}"
PEOPLE = """
insert into core.subscribers by name
select
    'person-' || i as subscriber_id, 'key-' || i as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    timestamptz '2026-11-24 00:00:00Z' - to_days(i::integer) as signed_up_at, true as tracking_consent,
    signed_up_at as updated_at, 'landed' as landed_run
from range(100) as people (i)
"""
Define = Callable[..., None]


@pytest.fixture
def people(paths: DataPaths) -> DataPaths:
    with open_warehouse(paths) as connection:
        connection.execute(PEOPLE)
    return paths


@pytest.fixture
def definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "definitions"
    folder.mkdir()
    monkeypatch.setattr(segments, "SEGMENTS", folder)
    return folder


@pytest.fixture
def define(definitions: Path) -> Define:
    def write(name: str, statement: str, limits: str = "") -> None:
        more = f"-- limits: {limits}\n" if limits else ""
        (definitions / f"{name}.sql").write_text(HEADER.format(name=name, more=more) + statement)

    return write


def build(paths: DataPaths, definitions: Path, day: int) -> None:
    build_segments(paths, segment_run=f"day-{day}", as_of=AS_OF + timedelta(hours=day), definitions=definitions)


def stopped(paths: DataPaths, campaign: Campaign) -> str:
    """Why the campaign is stopped; empty if it is not."""
    with open_warehouse(paths) as connection:
        try:
            segments.require_not_stopped(connection, campaign, segments.chosen(campaign))
        except SegmentStopped as error:
            return str(error)
    return ""


def test_size_outside_its_limits_stops_the_campaigns_of_the_segment_and_of_its_readers(
    people: DataPaths, definitions: Path, define: Define
) -> None:
    define("recent", RECENT.format(20), limits="10..50")
    define("reader", "select subscriber_id from segment.recent")
    define("other", RECENT.format(5))
    build(people, definitions, 1)
    campaigns = {name: a_campaign(segment=name) for name in ("recent", "reader", "other")}
    assert [stopped(people, one) for one in campaigns.values()] == ["", "", ""]

    define("recent", RECENT.format(60), limits="10..50")
    build(people, definitions, 2)

    assert "recent has 60 members, more than its limit of 50." in stopped(people, campaigns["recent"])
    assert "reader reads recent: recent has 60 members" in stopped(people, campaigns["reader"])
    assert "Correct recent, or accept its size: make segment NAME=recent" in stopped(people, campaigns["reader"])
    assert "recent" in stopped(people, a_campaign(segment="other", exclude_segments=("recent",)))
    assert stopped(people, campaigns["other"]) == ""


def test_change_is_measured_against_the_last_size_that_was_not_stopped(
    people: DataPaths, definitions: Path, define: Define
) -> None:
    campaign = a_campaign(segment="recent")
    for day, size in enumerate((20, 29, 44, 44, 40)):
        define("recent", RECENT.format(size), limits="±50%")
        build(people, definitions, day)
        assert bool(stopped(people, campaign)) == (size == 44)

    define("recent", RECENT.format(1), limits="±50%")
    build(people, definitions, 9)
    assert "recent shrank by 98% from 40 to 1 members, more than its limit of ±50 %" in stopped(people, campaign)


def test_accepted_size_is_recorded_and_counts_for_the_next_runs(
    people: DataPaths, definitions: Path, define: Define
) -> None:
    campaign = a_campaign(segment="reader")
    define("recent", RECENT.format(60), limits="10..50, ±50%")
    define("reader", "select subscriber_id from segment.recent")
    build(people, definitions, 1)
    assert stopped(people, campaign)

    with pytest.raises(ConfigurationError, match="REASON: is empty"):
        accept_size(people, "recent", decided_by="ann", reason=" ")
    assert accept_size(people, "recent", decided_by="ann", reason="spring sale") == 60
    assert stopped(people, campaign) == ""
    with pytest.raises(ConfigurationError, match="accepted already"):
        accept_size(people, "recent", decided_by="ann", reason="again")

    build(people, definitions, 2)
    assert stopped(people, campaign) == ""
    define("recent", RECENT.format(70), limits="10..50, ±50%")
    build(people, definitions, 3)
    assert "has 70 members" in stopped(people, campaign)
    with open_warehouse(people) as connection:
        decided = connection.execute("select segment, members, decided_by, reason from segment.decisions").fetchall()
    assert decided == [("recent", 60, "ann", "spring sale")]


def test_definition_that_cannot_be_built_stops_its_campaigns_until_it_can(
    people: DataPaths, definitions: Path, define: Define
) -> None:
    campaign = a_campaign(segment="reader")
    define("recent", RECENT.format(20))
    define("reader", "select subscriber_id from segment.recent")
    build(people, definitions, 1)
    define("recent", "select a.subscriber_id from core.subscribers as a, core.purchasez as b")
    with pytest.raises(SegmentsBroken):
        build(people, definitions, 2)

    message = stopped(people, campaign)
    assert "reads segment.recent, which could not be built" in message
    alert = failure_alert_for(SegmentStopped(message), dag="send_spring", run="r", task="dispatch.plan")
    assert alert.runbook == "docs/runbook/segment-stopped.md#what-to-do"
    with pytest.raises(ConfigurationError, match="nothing to accept"):
        accept_size(people, "recent", decided_by="ann", reason="whatever")

    define("recent", RECENT.format(20))
    build(people, definitions, 3)
    assert stopped(people, campaign) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000..50_000", limits.Limits(1_000, 50_000)),
        ("..50, ±20%", limits.Limits(None, 50, 20.0)),
        ("+-5 %, 10 ..", limits.Limits(10, None, 5.0)),
        ("", limits.Limits()),
    ],
)
def test_limits_are_read(text: str, expected: limits.Limits) -> None:
    assert limits.read(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [("5", "'5' is no limit"), ("50..10", "contains no number"), ("..", "'..' is no limit"), ("20%", "'20%' is no limit")],
)
def test_wrong_limits_are_refused_with_the_file(
    people: DataPaths, definitions: Path, define: Define, text: str, words: str
) -> None:
    define("recent", RECENT.format(20), limits=text)

    with pytest.raises(SegmentsBroken) as raised:
        build(people, definitions, 1)
    assert "recent.sql, line 1: has limits that cannot be read" in str(raised.value)
    assert words in str(raised.value)


def test_unknown_header_field_is_refused(people: DataPaths, definitions: Path, define: Define) -> None:
    define("recent", RECENT.format(20), limits="1..50")
    path = definitions / "recent.sql"
    path.write_text(path.read_text().replace("-- limits", "-- limit"))

    with pytest.raises(SegmentsBroken, match=r"has the header field limit: did you mean limits\?"):
        build(people, definitions, 1)
