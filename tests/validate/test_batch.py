"""Validation of a batch: duplicates, stops, repeated runs, and sums that add up."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.core.errors import QualityStop, SourceError
from include.core.paths import DataPaths
from include.extract import land as landing
from include.validate import batch, row_rules
from include.validate.batch import validate_batch
from include.validate.merge import MergeSummary, merge_batch
from tests.rows import Row, csv_source, purchase, subscriber
from tests.validate.conftest import land_rows, query

SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def quarantined(paths: DataPaths) -> dict[str, list[str]]:
    """Reasons for quarantine by subscriber and day of change, over all runs."""
    statement = "select source_key || ' ' || (raw_row->>'updated_at')[1:10], reasons from quality.quarantine"
    return dict(query(paths, statement))


def test_the_newest_of_two_rows_with_one_id_is_valid(paths: DataPaths) -> None:
    rows = [subscriber(1, updated_at="2026-01-02"), subscriber(1, updated_at="2026-01-01"), subscriber(2)]
    assert validate_batch(paths, land_rows(paths, "subscribers", rows))["valid"] == 2
    assert quarantined(paths) == {"S1 2026-01-01": ["duplicate_id"]}


def test_the_newest_of_two_ids_with_one_address_is_valid_in_any_spelling(paths: DataPaths) -> None:
    rows = [
        subscriber(1, email="u@b\xfccher.example.com", updated_at="2026-01-01"),
        subscriber(2, email=" U@XN--BCHER-KVA.example.com", updated_at="2026-01-02"),
    ]
    validate_batch(paths, land_rows(paths, "subscribers", rows))
    assert quarantined(paths) == {"S1 2026-01-01": ["duplicate_address"]}


def test_a_refusal_overrides_older_consent_under_another_id(paths: DataPaths) -> None:
    refused = subscriber(1, email="u@e.org", status="unsubscribed", updated_at="2026-01-01")
    stale = subscriber(2, email="U@E.org", consented_at="2025-06-01", updated_at="2026-01-02")
    fresh = subscriber(3, email="u@E.ORG", consented_at="2026-01-03", updated_at="2026-01-03")
    validate_batch(paths, land_rows(paths, "subscribers", [refused, stale]))
    assert quarantined(paths) == {"S2 2026-01-02": ["duplicate_address"]}
    validate_batch(paths, land_rows(paths, "subscribers", [refused, stale, fresh]))
    assert set(quarantined(paths)) == {"S2 2026-01-02", "S1 2026-01-01"}


def test_duplicates_are_found_across_pieces(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_rules, "PIECE_ROWS", 4)
    monkeypatch.setattr(landing, "PART_ROWS", 2)
    monkeypatch.setattr(batch, "PIECE_ROWS", 3)
    rows = [subscriber(number) for number in range(5)] + [
        subscriber(0, updated_at="2024-06-01"),
        subscriber(6, timezone="Mars"),
    ]
    assert validate_batch(paths, land_rows(paths, "subscribers", rows))["quarantined"] == 2
    assert query(
        paths, "select unexpected_rows, checked_rows from quality.results where expectation = 'timezone_unknown'"
    ) == [(1, 7)]


def test_validating_a_run_again_replaces_its_records(paths: DataPaths) -> None:
    manifest = land_rows(paths, "subscribers", [subscriber(1), subscriber(2, timezone="Mars")])
    assert validate_batch(paths, manifest) == validate_batch(paths, manifest)
    assert query(paths, "select count(*) from quality.runs") == [(1,)]
    assert query(paths, "select count(*) from quality.quarantine") == [(1,)]


def test_the_summary_is_json_with_counts(paths: DataPaths) -> None:
    found = validate_batch(paths, land_rows(paths, "subscribers", [subscriber(1), subscriber(2, email="x")]))
    assert json.loads(json.dumps(found)) == {
        "relation": "subscribers",
        "run": found["run"],
        "raw": 2,
        "valid": 1,
        "quarantined": 1,
        "status": "accepted",
    }


def stopped(paths: DataPaths, rows: list[Row], relation: str = "subscribers") -> str:
    """The rules that stop a full pass over these rows. Checks that the stop is recorded and nothing can be merged."""
    manifest = land_rows(paths, relation, rows)
    before = query(paths, "select subscriber_id, updated_at, deleted_at from core.subscribers order by all")
    with pytest.raises(QualityStop) as caught:
        validate_batch(paths, manifest)
    with pytest.raises(QualityStop):
        merge_batch(paths, manifest)
    (recorded,) = query(paths, f"select verdict, stop_reason from quality.runs where landed_run = '{manifest['run']}'")
    assert recorded[0] == "stopped"
    assert query(paths, "select subscriber_id, updated_at, deleted_at from core.subscribers order by all") == before
    assert "@" not in str(caught.value)
    return str(recorded[1]).partition(":")[0]


def ingested(paths: DataPaths, rows: list[Row], relation: str = "subscribers", **more: Any) -> MergeSummary:
    manifest = land_rows(paths, relation, rows, **more)
    validate_batch(paths, manifest)
    return merge_batch(paths, manifest)


def test_a_full_pass_with_half_of_the_list_is_stopped(paths: DataPaths) -> None:
    people = [subscriber(number) for number in range(20)]
    ingested(paths, people)
    for left in (9, 10, 13):
        assert stopped(paths, people[:left]) == "volume, unseen_share"
    assert ingested(paths, people[:14])["deleted"] == 6


def test_quarantined_rows_do_not_count_as_rows_of_the_list(paths: DataPaths) -> None:
    people = [subscriber(number) for number in range(40)]
    ingested(paths, people)
    bad = [subscriber(number, subscriber_id=f"B{number}", email="no address") for number in range(100, 104)]
    assert stopped(paths, people[:20] + bad) == "volume, unseen_share"


def test_an_accepted_table_rule_passes_once(paths: DataPaths) -> None:
    people = [subscriber(number) for number in range(20)]
    ingested(paths, people)
    manifest = land_rows(paths, "subscribers", people[:5])
    with pytest.raises(QualityStop, match="unseen_share"):
        validate_batch(paths, manifest, accept=["volume"])
    assert validate_batch(paths, manifest, accept=["volume", "unseen_share"])["status"] == "accepted"
    assert merge_batch(paths, manifest)["deleted"] == 15


def test_a_full_pass_with_new_ids_is_stopped(paths: DataPaths) -> None:
    ingested(paths, [subscriber(number) for number in range(20)])
    assert stopped(paths, [subscriber(number, subscriber_id=f"N{number}") for number in range(20)]) == "unseen_share"


def test_a_batch_with_many_bad_rows_is_stopped(paths: DataPaths) -> None:
    ingested(paths, [subscriber(number) for number in range(100)])
    broken = [subscriber(number, timezone="Mars" if number % 4 == 0 else "UTC") for number in range(100)]
    assert stopped(paths, broken) == "quarantined_share"


def test_an_empty_full_pass_is_stopped_and_an_empty_incremental_pass_is_not(paths: DataPaths) -> None:
    ingested(paths, [subscriber(1)])
    nothing_new = ingested(paths, [subscriber(1)], since=datetime(2026, 1, 1, tzinfo=UTC))
    assert [nothing_new[kind] for kind in ("inserted", "updated", "unchanged", "deleted")] == [0, 0, 0, 0]
    assert stopped(paths, []) == "empty_batch, volume, unseen_share"


def test_a_small_incremental_pass_with_only_bad_rows_is_accepted(paths: DataPaths) -> None:
    manifest = land_rows(paths, "subscribers", [subscriber(1, email="x"), subscriber(2, email="y")], since=SINCE)
    assert validate_batch(paths, manifest)["status"] == "accepted"


def test_a_stale_source_is_noted(paths: DataPaths) -> None:
    validate_batch(paths, land_rows(paths, "subscribers", [subscriber(1)]))
    statement = "select severity, success from quality.results where expectation = 'freshness'"
    assert query(paths, statement) == [("info", False)]


def test_a_full_pass_with_half_of_the_purchases_is_stopped(paths: DataPaths) -> None:
    ingested(paths, [subscriber(1)])
    ingested(paths, [purchase(number) for number in range(20)], "purchases")
    assert stopped(paths, [purchase(number) for number in range(9)], "purchases") == "volume, unseen_share"


def test_a_changed_or_missing_landed_file_is_an_error(paths: DataPaths) -> None:
    manifest = land_rows(paths, "subscribers", [subscriber(1)])
    path = paths.root / manifest["folder"] / manifest["files"][0]["name"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SourceError, match="has changed since it landed"):
        validate_batch(paths, manifest)
    path.unlink()
    with pytest.raises(SourceError, match="is missing"):
        validate_batch(paths, manifest)


_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_ANY = st.one_of(
    st.none(), _TEXT, st.sampled_from(["", "2026-01-01", "0", "@", "a@b.test", "subscribed", "{}", "9999-12-31"])
)
_GARBAGE = st.dictionaries(st.sampled_from(sorted(subscriber(0))), _ANY, max_size=6)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.tuples(st.integers(0, 30), _GARBAGE), min_size=15, max_size=60))
def test_random_rows_add_up_and_each_valid_id_is_merged_once(changes: list[tuple[int, Row]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = DataPaths(Path(folder) / "data")
        paths.root.mkdir()
        manifest = land_rows(paths, "subscribers", [subscriber(number) | change for number, change in changes])
        found = validate_batch(paths, manifest)
        merged = merge_batch(paths, manifest)
        assert found["raw"] == len(changes) == found["valid"] + found["quarantined"]
        assert merged["inserted"] == found["valid"]
        statement = "select count(*), count(distinct subscriber_id), count(distinct address_key) from core.identities"
        assert query(paths, statement) == [(found["valid"],) * 3]


def test_unreadable_lines_are_quarantined_by_line_number_and_add_up(paths: DataPaths, tmp_path: Path) -> None:
    url = csv_source(tmp_path / "csv", subscribers=[subscriber(1, first_name="Zo\xeb"), subscriber(2)])
    path = tmp_path / "csv" / "subscribers.csv"
    latin = path.read_bytes().replace("Zo\xeb".encode(), b"Zo\xeb")
    path.write_bytes(latin + b'S3,ada@secret.test,short\n"never closed,ada@secret.test\n')
    manifest = landing.land(paths, url, "subscribers", run="r", since=None)
    found = validate_batch(paths, manifest)
    assert (found["raw"], found["valid"], found["quarantined"]) == (4, 1, 3)
    statement = "select source_key, reasons, raw_row->>'unreadable' from quality.quarantine order by row_number"
    assert query(paths, statement) == [
        ("S1", ["undecodable"], None),
        ("S3", ["unreadable_line"], "subscribers.csv:4"),
        (None, ["unreadable_line"], "subscribers.csv:5"),
    ]
    assert "secret" not in str(query(paths, "select raw_row from quality.quarantine"))
    assert merge_batch(paths, manifest)["inserted"] == 1


def test_purchases_have_no_duplicate_address_rule(paths: DataPaths) -> None:
    validate_batch(paths, land_rows(paths, "purchases", [purchase(1), purchase(1)]))
    statement = "select expectation, column_name, unexpected_rows from quality.results where expectation ^@ 'duplicate'"
    assert query(paths, statement) == [("duplicate_id", "purchase_id", 1)]
