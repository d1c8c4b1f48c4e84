"""Unintended loss and growth: deletions are held, implausible batches are stopped, and the operator is alerted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_quality import batches
from include.core.errors import QualityStop
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.extract.land import land
from include.validate.alerts import alert_on_warnings
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from tests.rows import Row, csv_source, purchase, subscriber
from tests.validate.conftest import land_rows, query

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
PEOPLE = [subscriber(number) for number in range(1_000)]


def ingest(paths: DataPaths, rows: list[Row], relation: str = "subscribers", accept: Iterable[str] = (), **more: Any) -> str:
    """Land, validate and merge these rows; returns the run."""
    return validate_and_merge(paths, land_rows(paths, relation, rows, **more), accept)


def validate_and_merge(paths: DataPaths, manifest: Manifest, accept: Iterable[str] = ()) -> str:
    validate_batch(paths, manifest, accept=tuple(accept))
    merge_batch(paths, manifest)
    return str(manifest["run"])


def alive(paths: DataPaths) -> int:
    ((count,),) = query(paths, "select count(*) from core.subscribers where deleted_at is null")
    return int(count)


def held(paths: DataPaths, relation: str = "subscribers") -> int:
    ((count,),) = query(paths, f"select count(*) from core.unseen where relation = '{relation}'")
    return int(count)


def alerts(paths: DataPaths, run: str) -> list[str]:
    """The texts of the alerts for a run's warnings."""
    count = alert_on_warnings(paths, run=run, dag="ingest_subscribers")
    found = [json.loads(path.read_text()) for path in sorted(paths.alerts.glob("*.json"))]
    texts = [alert["text"] for alert in found if alert["run"] == run]
    assert len(texts) == count
    return texts


def stop(paths: DataPaths, manifest: Manifest) -> str:
    with pytest.raises(QualityStop) as caught:
        validate_batch(paths, manifest)
    assert "@" not in str(caught.value)
    return str(caught.value)


def test_a_list_cannot_shrink_by_a_third_per_day(paths: DataPaths) -> None:
    """The list shrinks from 1,000 to 711 and 505 rows: the first loss is held with an alert, the second stops the batch."""
    ingest(paths, PEOPLE)
    run = ingest(paths, PEOPLE[:711])
    assert (alive(paths), held(paths)) == (1_000, 289)
    (text,) = alerts(paths, run)
    assert "289 of 1000 known rows are missing from this full pass" in text
    assert "quality-stop.md#a-warning" in text
    assert """make trigger DAG=ingest_subscribers CONF='{"full": true, "accept": ["deletions"]}'""" in text
    assert "unseen_share" in stop(paths, land_rows(paths, "subscribers", PEOPLE[:505]))
    assert (alive(paths), held(paths)) == (1_000, 289)


def test_a_second_full_pass_confirms_deletions_and_a_row_cancels_one(paths: DataPaths) -> None:
    ingest(paths, PEOPLE)
    ingest(paths, PEOPLE[:900])
    ingest(paths, [PEOPLE[901]], since=SINCE)
    assert (alive(paths), held(paths)) == (1_000, 99)
    ingest(paths, [*PEOPLE[:850], *PEOPLE[902:910]])
    assert held(paths) == 50 + 1
    assert alive(paths) == 1_000 - 91
    gone = {key for (key,) in query(paths, "select subscriber_id from core.subscribers where deleted_at is not null")}
    assert not gone & {"S901", "S905"}


def test_a_retry_of_the_same_run_confirms_no_deletion(paths: DataPaths) -> None:
    ingest(paths, PEOPLE)
    manifest = land_rows(paths, "subscribers", PEOPLE[:900])
    for _ in range(3):
        validate_and_merge(paths, manifest)
    assert (alive(paths), held(paths)) == (1_000, 100)
    ingest(paths, PEOPLE[:900])
    assert (alive(paths), held(paths)) == (900, 0)


@pytest.mark.parametrize("rule", ["deletions", "unseen_share"])
def test_accepted_deletions_are_not_held(paths: DataPaths, rule: str) -> None:
    ingest(paths, PEOPLE)
    run = ingest(paths, PEOPLE[:900], accept=[rule])
    assert (alive(paths), held(paths)) == (900, 0)
    assert alerts(paths, run) == []


def test_a_few_deletions_are_not_held(paths: DataPaths) -> None:
    ingest(paths, PEOPLE)
    run = ingest(paths, PEOPLE[:980])
    assert (alive(paths), held(paths), alerts(paths, run)) == (980, 0, [])
    ingest(paths, PEOPLE[:960])
    assert (alive(paths), held(paths)) == (980, 20)


def test_a_row_without_an_id_holds_every_deletion(paths: DataPaths) -> None:
    """The row may belong to the missing subscriber."""
    ingest(paths, PEOPLE)
    ingest(paths, [*PEOPLE[:999], subscriber(999, subscriber_id=None)])
    assert (alive(paths), held(paths)) == (1_000, 1)
    ingest(paths, PEOPLE)
    assert (alive(paths), held(paths)) == (1_000, 0)


def test_a_missing_file_holds_deletions_and_raises_an_alert(paths: DataPaths, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    for name, rows in (("a", PEOPLE[:990]), ("b", PEOPLE[990:])):
        relations = {f"subscribers-{name}": rows}
        csv_source(folder, compressed=False, **relations)
    url = f"file://{folder}"
    validate_and_merge(paths, land(paths, url, "subscribers", run="whole", since=None))
    (folder / "subscribers-b.csv").unlink()
    run = validate_and_merge(paths, land(paths, url, "subscribers", run="half", since=None))
    assert (alive(paths), held(paths)) == (1_000, 10)
    texts = "\n".join(alerts(paths, run))
    assert "1 files of the previous pass are missing: subscribers-b.csv" in texts
    assert "10 of 1000 known rows are missing" in texts


def test_a_missing_relation_raises_one_alert(paths: DataPaths) -> None:
    validate_and_merge(paths, land_rows(paths, "subscribers", PEOPLE) | {"run": "whole"})
    validate_and_merge(paths, land_rows(paths, "purchases", [purchase(1)]) | {"run": "whole"})
    stop(paths, land_rows(paths, "subscribers", PEOPLE[:10]) | {"run": "stopped"})
    for run in ("gone", "later"):
        validate_and_merge(paths, land_rows(paths, "subscribers", PEOPLE) | {"run": run})
    assert alerts(paths, "whole") == []
    (text,) = alerts(paths, "gone")
    assert "purchases: the rule 'relation_missing'" in text
    assert "the source no longer has it" in text
    assert alerts(paths, "later") == []


def test_a_file_name_with_other_digits_or_uuid_is_a_successor() -> None:
    assert batches.missing_files(["s-2026-11-23.csv"], ["s-2026-11-24.csv"]) == []
    assert batches.missing_files(["s-1.csv", "s-2.csv"], ["s-1.csv"]) == ["s-2.csv"]
    assert batches.missing_files(["s-1.csv", "s-2.csv"], ["s-3.csv"]) == ["s-2.csv"]
    assert batches.missing_files([], ["s.csv"]) == []
    spark = "subscribers/part-0-{}-c000.parquet"
    one, other = (
        spark.format(name) for name in ("6fa459ea-ee8a-3ca4-894e-db77e160355e", "16fd2706-8baf-433b-82eb-8c7fada847da")
    )
    assert batches.missing_files([one], [other]) == []
    assert batches.missing_files([one, "subscribers/us.parquet"], [other]) == ["subscribers/us.parquet"]


def test_deletions_of_purchases_are_held(paths: DataPaths) -> None:
    many = [purchase(number) for number in range(500)]
    ingest(paths, many, "purchases")
    run = ingest(paths, many[:400], "purchases")
    assert query(paths, "select count(*) from core.purchases") == [(500,)]
    assert held(paths, "purchases") == 100
    assert "purchases: the rule 'deletions'" in alerts(paths, run)[0]
    ingest(paths, many[:400], "purchases")
    assert query(paths, "select count(*) from core.purchases") == [(400,)]
    assert held(paths, "purchases") == 0


@pytest.mark.parametrize("since", [None, SINCE])
def test_a_batch_with_twelve_times_the_rows_is_stopped(paths: DataPaths, since: datetime | None) -> None:
    ingest(paths, PEOPLE[:50])
    many = land_rows(paths, "subscribers", [subscriber(number) for number in range(600)], since=since)
    assert "growth" in (message := stop(paths, many))
    assert "12.0 times the rows in the warehouse" in message
    validate_and_merge(paths, many, ["growth"])
    assert alive(paths) == 600


def test_many_withdrawals_take_effect_and_raise_an_alert(paths: DataPaths) -> None:
    ingest(paths, PEOPLE)
    leavers = [row | {"status": "unsubscribed", "updated_at": "2026-01-01"} for row in PEOPLE[:300]]
    run = ingest(paths, [*leavers, *PEOPLE[300:]])
    assert query(paths, "select count(*) from core.subscribers where status = 'unsubscribed'") == [(300,)]
    (text,) = alerts(paths, run)
    assert "300 of 1000 subscribed people are no longer subscribed" in text
    run = ingest(paths, [*leavers, *PEOPLE[300:]])
    assert alerts(paths, run) == []


def without(rows: list[Row], column: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name != column} for row in rows]


def test_a_removed_or_emptied_column_stops_the_batch(paths: DataPaths) -> None:
    people = [row | {"consent_expires_at": "2030-01-01" if number < 30 else None} for number, row in enumerate(PEOPLE)]
    ingest(paths, people)
    gone = land_rows(paths, "subscribers", without(people[:3], "consent_expires_at"), since=SINCE)
    message = stop(paths, gone)
    assert "columns_vanished" in message
    assert "consent_expires_at was filled in 3% of the rows before and is no longer in the source" in message
    emptied = land_rows(paths, "subscribers", [row | {"country": None} for row in people])
    assert "country was filled in 100% of the rows before and is filled in 0% now" in stop(paths, emptied)
    validate_and_merge(paths, emptied, ["columns_vanished"])
    validate_and_merge(paths, land_rows(paths, "subscribers", [row | {"country": None} for row in people]))


def test_an_incremental_pass_without_values_does_not_hide_a_removed_column(paths: DataPaths) -> None:
    """Without the column, consent would never expire."""
    people = [row | {"consent_expires_at": "2030-01-01" if number < 30 else None} for number, row in enumerate(PEOPLE)]
    ingest(paths, people)
    ingest(paths, people[500:503], since=SINCE)
    gone = land_rows(paths, "subscribers", without(people[:3], "consent_expires_at"), since=SINCE)
    assert "consent_expires_at was filled in 3% of the rows before" in stop(paths, gone)
    validate_and_merge(paths, gone, ["columns_vanished"])
    validate_and_merge(paths, land_rows(paths, "subscribers", without(people, "consent_expires_at")))


def test_an_incremental_pass_may_leave_a_column_empty(paths: DataPaths) -> None:
    """New subscribers may have no name yet."""
    ingest(paths, PEOPLE)
    new = [subscriber(number, first_name=None, last_name=None) for number in range(2_000, 2_150)]
    ingest(paths, new, since=SINCE)
    assert alive(paths) == 1_150


@pytest.mark.parametrize(
    ("one", "other"), [("first_name", "last_name"), ("signed_up_at", "consented_at"), ("consent_source", "consent_wording")]
)
def test_swapped_columns_stop_the_batch(paths: DataPaths, one: str, other: str) -> None:
    ingest(paths, PEOPLE[:100])
    swapped = [row | {one: row[other], other: row[one], "updated_at": "2026-01-01"} for row in PEOPLE[:100]]
    message = stop(paths, land_rows(paths, "subscribers", swapped))
    assert "columns_swapped: 100 rows landed, 0 of them are quarantined" in message
    assert f"{one} and {other} look swapped: 100 of 100 rows" in message
    assert "Lovelace" not in message
    one_person = [swapped[0], *PEOPLE[1:100]]
    ingest(paths, one_person)
    assert alive(paths) == 100


def test_a_stop_names_its_dominant_reasons(paths: DataPaths) -> None:
    ingest(paths, PEOPLE[:200])
    broken = [row | {"timezone": "Mars"} for row in PEOPLE[:60]] + [row | {"country": "XX"} for row in PEOPLE[60:70]]
    message = stop(paths, land_rows(paths, "subscribers", [*broken, *PEOPLE[70:200]]))
    assert "the commonest reasons for quarantine are timezone_unknown (60), country_unknown (10)" in message
