"""Validation and merge use bounded memory, are atomic, and give the same result in one piece or in many."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from benchmarks.ingest import landed
from include.core.errors import ConservationBroken
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.extract import land
from include.validate import batch, merge, row_rules
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.warehouse import memory
from include.warehouse.connection import open_warehouse
from tests.rows import Row, purchase, subscriber
from tests.validate.conftest import land_rows, query

STATE = {
    "subscribers": "select * exclude (landed_run, deleted_at), deleted_at is null as live from core.subscribers "
    "join core.identities using (subscriber_id) order by all",
    "purchases": "select * exclude (landed_run) from core.purchases order by all",
}


def accepted(paths: DataPaths, relation: str, count: int) -> Manifest:
    """A generated batch that is recorded as accepted, since validating so many rows takes too long for a test."""
    changed = "2026-01-01" if relation == "subscribers" else ""
    manifest: Manifest = json.loads(landed(paths, relation, "all", 0, count, changed).read_text())
    with open_warehouse(paths) as connection:
        record = (
            "insert into quality.runs by name select 'all' as landed_run, $relation as relation, now() as validated_at, "
        )
        numbers = "$rows as raw_rows, $rows as valid_rows, 0 as quarantined_rows, 'accepted' as verdict"
        connection.execute(record + numbers, {"relation": relation, "rows": count})
    return manifest


@pytest.mark.parametrize(("relation", "limit"), [("purchases", "100MB"), ("subscribers", "150MB")])
def test_a_batch_larger_than_the_memory_limit_is_merged(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, relation: str, limit: str
) -> None:
    """With a primary key and a single statement, both relations ran out of memory at this size."""
    monkeypatch.setenv(memory.SETTING, limit)
    manifest = accepted(paths, relation, 300_000)
    assert merge_batch(paths, manifest)["inserted"] == 300_000
    key = {"purchases": "purchase_id", "subscribers": "subscriber_id"}[relation]
    assert query(paths, f"select count(*), count(distinct {key}) from core.{relation}") == [(300_000, 300_000)]
    again = merge_batch(paths, manifest)
    assert (again["unchanged"], again["inserted"], again["updated"]) == (300_000, 0, 0)


def people(version: int) -> list[Row]:
    """Subscribers of which some change, arrive, leave or become bad rows from one version to the next."""
    first = {number: subscriber(number, updated_at="2026-01-01") for number in range(23)}
    if version == 2:
        for number in (3, 7, 8, 22):
            first[number] = subscriber(number, first_name="New", updated_at="2026-01-02")
        first[5] = subscriber(5, email="no address")
        first[6] = subscriber(6, email="person2@example.com", updated_at="2026-01-03")
        del first[0], first[11]
        first |= {number: subscriber(number, updated_at="2026-01-02") for number in range(30, 34)}
    return list(first.values())


def bought(version: int) -> list[Row]:
    """Purchases that change from one version to the next."""
    changed = {3: "1.00", 21: "-5.00"} if version == 2 else {}
    return [purchase(number, amount=changed.get(number, "9.99")) for number in range(version, 23 + version)]


@pytest.mark.parametrize(("relation", "parse_selection"), [("subscribers", people), ("purchases", bought)])
def test_a_merge_in_many_pieces_gives_the_same_warehouse(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, relation: str, parse_selection: Any
) -> None:
    def ingested(at: DataPaths) -> tuple[list[dict[str, Any]], list[Any]]:
        done = []
        for version in (1, 2):
            manifest = land_rows(at, relation, parse_selection(version))
            found = validate_batch(at, manifest)
            merged = merge_batch(at, manifest)
            done.append({name: value for name, value in [*found.items(), *merged.items()] if name != "run"})
        return done, query(at, STATE[relation])

    other = DataPaths(paths.root / "other")
    other.root.mkdir()
    monkeypatch.setenv("TRADEWIND_ADDRESS_KEY", "11" * 32)
    whole = ingested(paths)
    monkeypatch.setattr(land, "PART_ROWS", 2)
    for module in (batch, row_rules):
        monkeypatch.setattr(module, "PIECE_ROWS", 5)
    monkeypatch.setattr(merge, "PIECE_ROWS", dict.fromkeys(merge.PIECE_ROWS, 5))
    assert ingested(other) == whole


def test_a_merge_killed_between_two_pieces_changes_nothing(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(land, "PART_ROWS", 2)
    monkeypatch.setattr(merge, "PIECE_ROWS", {"subscribers": 4})
    manifest = land_rows(paths, "subscribers", [subscriber(number) for number in range(10)])
    validate_batch(paths, manifest)
    pieces: list[int] = []

    def first_only(*args: Any) -> dict[str, int]:
        if pieces:
            raise KeyboardInterrupt
        pieces.append(1)
        return original(*args)

    original = merge._merge_piece
    with monkeypatch.context() as patch:
        patch.setattr(merge, "_merge_piece", first_only)
        with pytest.raises(KeyboardInterrupt):
            merge_batch(paths, manifest)
    assert query(paths, "select (select count(*) from core.subscribers), (select count(*) from core.identities)") == [(0, 0)]
    assert merge_batch(paths, manifest)["inserted"] == 10


def test_a_duplicate_key_aborts_the_merge(paths: DataPaths) -> None:
    manifest = land_rows(paths, "purchases", [purchase(1), purchase(2), purchase(2, amount="3.00")])
    validate_batch(paths, manifest)
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("delete from quality.quarantine")
    with pytest.raises(ConservationBroken, match="1 duplicate keys"):
        merge_batch(paths, manifest)
    assert query(paths, "select count(*) from core.purchases") == [(0,)]


def test_changed_rows_that_are_not_deleted_abort_the_merge(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = land_rows(paths, "purchases", [purchase(1), purchase(2)])
    validate_batch(paths, manifest)
    merge_batch(paths, manifest)
    changed = land_rows(paths, "purchases", [purchase(1, amount="3.00"), purchase(2)])
    validate_batch(paths, changed)
    monkeypatch.setattr(merge, "_run_counted", lambda *_: 0)
    with pytest.raises(ConservationBroken, match="0 rows were replaced, where 1 were expected"):
        merge_batch(paths, changed)
    assert query(paths, "select count(*), sum(amount)::double from core.purchases") == [(2, 23.54)]


def test_a_batch_of_only_bad_rows_is_counted_and_quarantined(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row numbers of faults stay in DuckDB; Python holds one piece at a time."""
    monkeypatch.setattr(land, "PART_ROWS", 3)
    for module in (batch, row_rules):
        monkeypatch.setattr(module, "PIECE_ROWS", 4)
    bad = [subscriber(number, timezone="Mars", country="XX") for number in range(20)]
    assert validate_batch(paths, land_rows(paths, "subscribers", bad))["quarantined"] == 20
    statement = (
        "select expectation, unexpected_rows, checked_rows from quality.results where unexpected_rows > 0 and severity = "
    )
    assert query(paths, f"{statement} 'critical' order by 1") == [("country_unknown", 20, 20), ("timezone_unknown", 20, 20)]
    assert query(paths, "select distinct reasons from quality.quarantine") == [(["country_unknown", "timezone_unknown"],)]
