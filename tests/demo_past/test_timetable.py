"""Which campaigns of the past are played, for any day on which somebody starts the demo."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from demo_past.shop import write_shop
from demo_past.timetable import weeks
from include.core.occurrence import occurrence_of

moments = st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))


@settings(max_examples=25, deadline=None)
@given(moments)
def test_no_week_is_missing_and_nothing_is_due_twice_or_now(now: datetime) -> None:
    played = weeks(12, now)
    sends = [send for week in played for day in week.days for send in day]
    letters = [occurrence_of(send.campaign, send.at) for send in sends if send.campaign.id == "newsletter"]
    mondays = [now - timedelta(weeks=number) for number in range(12, 0, -1)]
    assert letters == ["{}-W{:02}".format(*monday.isocalendar()) for monday in mondays]
    occurrences = [(send.campaign.id, occurrence_of(send.campaign, send.at)) for send in sends]
    assert len(set(occurrences)) == len(occurrences)
    assert not {occurrence for _, occurrence in occurrences} & {f"{now:%Y-%m}", "{}-W{:02}".format(*now.isocalendar())}
    assert [send.at for send in sends] == sorted(send.at for send in sends)


@settings(max_examples=25, deadline=None)
@given(moments)
def test_the_weeks_follow_each_other_and_leave_the_frequency_caps_of_today(now: datetime) -> None:
    played = weeks(12, now)
    for week, following in itertools.pairwise(played):
        assert week.at < week.days[0][0].at < week.night <= following.at
    assert played[-1].days[-1][-1].at <= now - timedelta(hours=16)


def test_the_shop_of_a_moment_knows_nothing_later(small_shop: Path, tmp_path: Path) -> None:
    at = datetime.now(UTC) - timedelta(weeks=6)
    then, text = tmp_path / "then.sqlite", f"{at:%Y-%m-%d %H:%M:%S}"
    write_shop(small_shop, then, at)
    with closing(sqlite3.connect(then)) as shop:
        (known,) = shop.execute("select count(*) from subscribers").fetchone()
        later = [
            shop.execute(f"select count(*) from {table} where {column} > ?", (text,)).fetchone()[0]
            for table, column in (
                ("subscribers", "signed_up_at"), ("subscribers", "updated_at"), ("subscribers", "consented_at"),
                ("purchases", "purchased_at"),
            )
        ]  # fmt: skip
        tables = {name for (name,) in shop.execute("select name from sqlite_master")}
        shop.execute("attach ? as whole", (str(small_shop),))
        (missing,) = shop.execute(
            "select count(*) from whole.subscribers where signed_up_at > ? and subscriber_id in "
            "(select subscriber_id from subscribers)",
            (text,),
        ).fetchone()
        undone = shop.execute(
            "select distinct subscribers.status from subscribers inner join whole.subscribers as now using (subscriber_id) "
            "where now.status = 'unsubscribed' and now.updated_at > ?",
            (text,),
        ).fetchall()
    assert known > 100
    assert later == [0, 0, 0, 0]
    assert missing == 0
    assert undone == [("subscribed",)]
    assert tables == {"subscribers", "purchases"}, "the visits are of the last month"
