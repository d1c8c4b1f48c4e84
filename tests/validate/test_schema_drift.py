"""A changed schema of the source gets a verdict in words before anything is merged."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core import clock
from include.core.errors import QualityStop, SourceError
from include.core.paths import DataPaths
from include.extract.land import land
from include.validate.batch import validate_batch
from include.validate.landed_batch import load_batch
from include.validate.merge import merge_batch
from include.validate.schema_drift import SchemaDrift, schema_drift
from include.warehouse.connection import open_warehouse, run
from tests.rows import Row, parquet_source, purchase, sqlite_source, subscriber
from tests.validate.conftest import query

PEOPLE = [subscriber(number, country=None) for number in range(30)]
PURCHASES = [purchase(number, amount=f"{number}.77") for number in range(30)]
_RUNS = itertools.count(1)


def without(rows: list[Row], *names: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def drift(paths: DataPaths, source: Path | str, rows: list[Row] | None = None, relation: str = "subscribers") -> SchemaDrift:
    """Land these rows as the whole source and compare them with the batch before; the batch counts as accepted."""
    url = sqlite_source(Path(source) / "shop.sqlite", **{relation: rows}) if rows else str(source)
    batch = load_batch(paths, land(paths, url, relation, run=f"run {next(_RUNS)}", since=None))
    counts: dict[str, Any] = {"raw_rows": 30, "valid_rows": 30, "quarantined_rows": 0, "deletions_held": False}
    status: dict[str, Any] = {"verdict": "accepted", "stop_reason": None, "warnings": [], "accepted": []}
    with open_warehouse(paths) as connection:
        for name in ("source_columns", "shapes"):
            run(connection, "validate", f"{name}_insert", batch.params)
        found = schema_drift(connection, batch)
        run(connection, "validate", "runs_insert", batch.params | counts | status | {"at": clock.now()})
    return found


def test_a_retyped_column_stops_the_batch_until_the_operator_accepts_it(paths: DataPaths, tmp_path: Path) -> None:
    """In an hourly pass, no other rule would notice that everybody has a new id."""
    url = sqlite_source(tmp_path / "shop.sqlite", subscribers=PEOPLE)
    manifest = land(paths, url, "subscribers", run="before", since=None)
    validate_batch(paths, manifest)
    merge_batch(paths, manifest)
    changes = {"updated_at": clock.now().isoformat(), "loyalty_tier": "gold"}
    people = [row | changes | {"subscriber_id": row["subscriber_id"][1:]} for row in PEOPLE]
    sqlite_source(tmp_path / "shop.sqlite", subscribers=people)
    manifest = land(paths, url, "subscribers", run="now", since=clock.now().replace(year=2025))
    with pytest.raises(QualityStop, match=r"columns_retyped.*subscriber_id: 100% of the values were text and 0% are now"):
        validate_batch(paths, manifest)
    assert {row[0][0] for row in query(paths, "select subscriber_id from core.subscribers")} == {"S"}
    validate_batch(paths, manifest, accept=["columns_retyped", "growth"])
    ((warnings,),) = query(paths, "select warnings from quality.runs where landed_run = 'now'")
    assert [one for one in warnings if "loyalty_tier" in one] == [
        "columns_changed: the source has a new column, loyalty_tier (text), which is not read; map it in subscribers.sql if "
        "it is needed"
    ]


def test_amounts_without_decimals_and_names_that_are_numbers_stop_the_batch(paths: DataPaths, tmp_path: Path) -> None:
    assert drift(paths, tmp_path, PURCHASES, "purchases") == SchemaDrift((), ())
    cents = [row | {"amount": row["amount"].replace(".", "")} for row in PURCHASES]
    assert drift(paths, tmp_path, cents, "purchases").retyped == (
        "amount: 100% of the values were decimal numbers and 0% are now; most are whole numbers (are they cents now?)",
    )
    drift(paths, tmp_path, PEOPLE)
    (sentence,) = drift(paths, tmp_path, [row | {"first_name": "12"} for row in PEOPLE]).retyped
    assert sentence.startswith("first_name: 100% of the values were text")


def test_a_new_or_missing_column_is_reported_once(paths: DataPaths, tmp_path: Path) -> None:
    drift(paths, tmp_path, [row | {"tier": "gold"} for row in without(PEOPLE, "locale", "timezone")])
    assert drift(paths, tmp_path, without(PEOPLE, "timezone")).changed == (
        "the source has a new column, locale (text); its values are read from now on, with each row that changes",
        "the column tier is no longer in the source",
    )
    assert drift(paths, tmp_path, without(PEOPLE, "timezone")) == SchemaDrift((), ())


def test_a_renamed_column_is_guessed(paths: DataPaths, tmp_path: Path) -> None:
    drift(paths, tmp_path, PEOPLE)
    renamed = [{"locale_code" if name == "locale" else name: value for name, value in row.items()} for row in PEOPLE]
    assert (
        "the column locale is no longer in the source; was it renamed to locale_code?"
        in drift(paths, tmp_path, renamed).changed
    )
    renamed = [{"e_mail" if name == "email" else name: value for name, value in row.items()} for row in PEOPLE]
    with pytest.raises(SourceError, match=r"no column email.* Did you mean 'e_mail' for email"):
        drift(paths, tmp_path, renamed)


def test_other_retyped_columns_are_warnings(paths: DataPaths, tmp_path: Path) -> None:
    """An epoch is read like a date, and whatever cannot be read is quarantined by the rules of rows."""
    drift(paths, tmp_path, PEOPLE)
    assert drift(paths, tmp_path, [row | {"signed_up_at": "1746093600"} for row in PEOPLE]) == SchemaDrift(
        (), ("signed_up_at: 100% of the values were times and 0% are now; most are whole numbers",)
    )


def test_a_changed_type_is_a_warning(paths: DataPaths, tmp_path: Path) -> None:
    url = parquet_source(tmp_path / "parquet", subscribers=PEOPLE)
    assert drift(paths, url) == SchemaDrift((), ())
    for path in (tmp_path / "parquet" / "subscribers").iterdir():
        table = pq.read_table(path)
        moments = table["updated_at"].cast(pa.timestamp("us"))
        pq.write_table(table.set_column(table.column_names.index("updated_at"), "updated_at", moments), path)
    assert drift(paths, url) == SchemaDrift((), ("the type of the column updated_at was text and is time",))


def test_another_source_is_not_compared(paths: DataPaths, tmp_path: Path) -> None:
    drift(paths, tmp_path, [row | {"tier": "gold"} for row in PEOPLE])
    (tmp_path / "other").mkdir()
    assert drift(paths, tmp_path / "other", PEOPLE) == SchemaDrift((), ())
