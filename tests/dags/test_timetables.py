"""The timetables of campaigns, as Airflow's scheduler evaluates them after it has read them from its database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval, TimeRestriction

from include.core.campaign import Campaign
from include.orchestration import timetables
from tests.campaign import a_campaign

DATE = datetime(2026, 12, 24, 8, tzinfo=UTC)


def stored(campaign: Campaign) -> SerializedDAG:
    from airflow.sdk import DAG

    arguments = {"catchup": False} | timetables.one_date_arguments(campaign)
    with DAG("send_spring", schedule=timetables.of_campaign(campaign), **arguments) as dag:
        pass
    return DagSerialization.from_dict(DagSerialization.to_dict(dag))


def next_run(dag: Any, last: datetime | None = None) -> datetime | None:
    interval = DataInterval.exact(pendulum.instance(last)) if last else None
    restriction = TimeRestriction(earliest=dag.start_date, latest=None, catchup=dag.catchup)
    info = dag.timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)
    return info.run_after if info else None


@pytest.mark.parametrize("now", [datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 24, 8, 0, 5, tzinfo=UTC)])
def test_one_date_runs_once_also_if_it_was_missed(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr("airflow._shared.timezones.timezone.utcnow", lambda: now)
    dag = stored(a_campaign(schedule="2026-12-24 09:00", time_zone="Europe/Berlin"))
    assert next_run(dag) == DATE
    assert next_run(dag, last=DATE) is None
    assert dag.timetable.summary == "2026-12-24 09:00 (Europe/Berlin)"


def test_cron_follows_the_zone_over_the_change_of_the_clocks() -> None:
    dag = stored(a_campaign(schedule="0 9 * * *", time_zone="Europe/Berlin"))
    assert not dag.catchup
    timetable: Any = dag.timetable
    ticks = [timetable._get_next(pendulum.datetime(2026, 3, 27, 12))]
    ticks += [timetable._get_next(ticks[-1].add(seconds=1)) for _ in range(2)]
    assert [tick.in_timezone("UTC").hour for tick in ticks] == [8, 7, 7]


def test_a_campaign_without_a_schedule_is_started_by_hand() -> None:
    assert next_run(stored(a_campaign(schedule=None))) is None
