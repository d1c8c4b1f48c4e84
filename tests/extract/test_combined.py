"""Several sources at once: precedence per field, one answer about consent, and where a value comes from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.core import clock
from include.core.errors import ConfigurationError, SourceUnavailable
from include.core.paths import DataPaths
from include.extract import combined as combined_source
from include.extract import origins
from include.extract.combination import CONSENT, Combination, combination
from include.extract.folder import FolderSource
from include.extract.land import land
from include.extract.sources import relations
from include.extract.sqlite import SqliteSource
from include.validate.batch import validate_batch
from tests.extract.test_sources import landed
from tests.rows import Row, json_source, purchase, sqlite_source, subscriber
from tests.validate.conftest import query

NO_ANSWER = dict.fromkeys((*CONSENT, "tracking_consent"))
FILE = """
sources:
  shop: {connection: subscribers_source}
  crm: {connection: crm_source, mapping: crm}
precedence:
  first_name: [crm]
"""


@pytest.fixture
def combine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Combination]:
    """Two sources, an SQLite file and a folder with its own names, as one."""
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "subscribers.sql").write_text("select * exclude (mail), mail as email from subscribers")
    (tmp_path / "sources.yaml").write_text(FILE)
    monkeypatch.setenv("TRADEWIND_SOURCES", str(tmp_path / "sources.yaml"))

    def build(shop: list[Row], crm: list[Row], **others: list[Row]) -> Combination:
        named = [{"mail" if name == "email" else name: value for name, value in row.items()} for row in crm]
        urls = {
            "subscribers_source": sqlite_source(tmp_path / "shop.sqlite", subscribers=shop, **others),
            "crm_source": json_source(tmp_path / "export", compressed=False, subscribers=named),
        }
        for name, url in urls.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", url)
        found = combination(urls.__getitem__)
        assert found is not None
        return found

    return build


def combined(paths: DataPaths, sources: Combination) -> dict[str, Row]:
    """The landed rows by id."""
    rows = landed(
        paths, land(paths, sources, "subscribers", run=f"{len(list(paths.root.rglob('manifest.json')))}", since=None)
    )
    return {str(row["subscriber_id"]): row for row in rows}


def test_each_value_comes_from_the_first_source_that_has_one(paths: DataPaths, combine: Callable[..., Combination]) -> None:
    shop = [subscriber(1, country=None), subscriber(2)]
    crm = [
        subscriber(1, email="crm@example.com", first_name="Augusta", country="DE", updated_at="2025-07-01") | NO_ANSWER,
        subscriber(3, first_name=None),
    ]
    sources = combine(shop, crm)
    rows = combined(paths, sources)
    changed = {"first_name": "Augusta", "country": "DE", "updated_at": "2025-07-01", "unreadable": None}
    assert {name: rows["S1"][name] for name in shop[0]} == shop[0] | {
        name: changed[name] for name in changed if name in shop[0]
    }
    assert {name: rows["S2"][name] for name in shop[1]} == shop[1]
    assert {name: rows["S3"][name] for name in crm[1]} == crm[1]
    found = origins.origins("S1")
    assert {column for column, source in found.items() if source == "crm"} == {"first_name", "country", "updated_at"}
    assert found["email"] == found["status"] == "shop"
    assert "S1" not in str(found)


REFUSED = {"status": "unsubscribed", "consented_at": None}


@pytest.mark.parametrize(
    ("shop", "crm", "status", "wording"),
    [
        ({"consented_at": "2025-05-01"}, REFUSED | {"updated_at": "2025-06-01"}, "unsubscribed", "v1"),
        (REFUSED | {"updated_at": "2025-06-01"}, {"consented_at": "2025-05-01"}, "unsubscribed", "v1"),
        ({"consented_at": "2025-06-01"}, REFUSED | {"updated_at": "2025-06-01"}, "unsubscribed", "v1"),
        ({"consented_at": "2025-06-02"}, REFUSED | {"updated_at": "2025-06-01"}, "subscribed", "v1"),
        ({"consented_at": "soon"}, REFUSED | {"updated_at": "2025-06-01"}, "unsubscribed", "v1"),
        ({}, REFUSED | {"updated_at": "one day"}, "unsubscribed", "v1"),
        ({}, {"status": "aktiv", "updated_at": "2025-06-01"}, "aktiv", "v1"),
        ({"consented_at": "2025-05-01"}, {"consented_at": "2025-05-02", "consent_wording": "v2"}, "subscribed", "v2"),
        ({"consent_wording": None}, NO_ANSWER, "subscribed", None),
    ],
)
def test_the_newest_answer_decides_with_its_own_proof(
    paths: DataPaths, combine: Callable[..., Combination], shop: Row, crm: Row, status: str, wording: str | None
) -> None:
    """What cannot be read as a yes is a no, and the proof of one source never completes that of another."""
    row = combined(paths, combine([subscriber(1) | shop], [subscriber(1) | crm]))["S1"]
    assert (row["status"], row["consent_wording"]) == (status, wording)


def test_one_source_that_refuses_tracking_is_enough(paths: DataPaths, combine: Callable[..., Combination]) -> None:
    rows = combined(paths, combine([subscriber(1)], [subscriber(1, tracking_consent="no")]))
    assert rows["S1"]["tracking_consent"] == "no"


def test_rows_without_an_id_and_unreadable_lines_of_each_source_land(
    paths: DataPaths, tmp_path: Path, combine: Callable[..., Combination]
) -> None:
    sources = combine([subscriber(1), subscriber(2, subscriber_id=None), subscriber(3, subscriber_id=None)], [subscriber(1)])
    with (tmp_path / "export" / "subscribers.jsonl").open("a") as file:
        file.write("oops\n")
    manifest = land(paths, sources, "subscribers", run="r", since=None)
    rows = landed(paths, manifest)
    assert [row["subscriber_id"] for row in rows].count(None) == 3
    assert [row["unreadable"] for row in rows if row["unreadable"]] == ["crm/subscribers.jsonl:2"]
    assert (manifest["full"], manifest["source_files"]) == (True, ["crm/subscribers.jsonl"])


def test_other_relations_are_joined_by_id(paths: DataPaths, combine: Callable[..., Combination]) -> None:
    sources = combine([subscriber(1)], [subscriber(1)], purchases=[purchase(1), purchase(2)])
    assert relations(sources) == ["subscribers", "purchases"]
    rows = landed(paths, land(paths, sources, "purchases", run="r", since=None))
    assert sorted(row["purchase_id"] for row in rows) == ["P1", "P2"]


def test_nothing_lands_if_one_source_is_down(paths: DataPaths, tmp_path: Path, combine: Callable[..., Combination]) -> None:
    sources = combine([subscriber(1)], [subscriber(1)])
    (tmp_path / "export" / "subscribers.jsonl").write_text('{"subscriber_id": "S1", "ema')
    with pytest.raises(SourceUnavailable):
        land(paths, sources, "subscribers", run="r", since=None)
    assert not list(paths.landed.rglob("manifest.json"))


def test_an_incremental_pass_lands_what_changed_in_any_source(paths: DataPaths, combine: Callable[..., Combination]) -> None:
    """Each source continues from its own watermark: the CRM delivers late what changed before the shop's newest row."""
    shop = [subscriber(number, updated_at=f"2025-06-0{number}") for number in (1, 2, 3, 4)]
    nameless = subscriber(9, subscriber_id=None, updated_at="2025-01-01")
    crm = [subscriber(number, first_name="Augusta", updated_at="2025-01-01") | NO_ANSWER for number in (1, 2, 4)]
    first = land(paths, combine([*shop, nameless], crm), "subscribers", run="first", since=None)
    assert first["watermarks"] == {"shop": "2025-06-04T00:00:00+00:00", "crm": "2025-01-01T00:00:00+00:00"}
    since = {name: datetime.fromisoformat(at) + timedelta(seconds=1) for name, at in first["watermarks"].items()}
    shop[0] |= {"country": "FR", "updated_at": "2025-06-05"}
    crm[1] |= {"first_name": "Byron", "updated_at": "2025-02-01"}
    sources = combine([*shop, nameless, subscriber(8, subscriber_id=None, updated_at="2025-06-05")], crm)
    manifest = land(paths, sources, "subscribers", run="second", since=since)
    rows = landed(paths, manifest)
    found = [(row["subscriber_id"], row["first_name"], row["country"], row["updated_at"]) for row in rows]
    assert sorted(found, key=str) == [
        ("S1", "Augusta", "FR", "2025-06-05"), ("S2", "Byron", "GB", "2025-06-02"), (None, "Ada", "GB", "2025-06-05"),
    ]  # fmt: skip
    assert (manifest["full"], manifest["since"]) == (False, "2025-01-01T00:00:01+00:00")
    assert manifest["watermarks"] == {"shop": "2025-06-05T00:00:00+00:00", "crm": "2025-02-01T00:00:00+00:00"}


def test_an_incremental_pass_without_a_change_reads_nothing_more(
    paths: DataPaths, combine: Callable[..., Combination], monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = combine([subscriber(1)], [subscriber(1) | NO_ANSWER])
    monkeypatch.setattr(combined_source, "_ALWAYS", clock.now())
    monkeypatch.setattr(FolderSource, "batches", without_full_pass(FolderSource.batches))
    monkeypatch.setattr(SqliteSource, "batches", without_full_pass(SqliteSource.batches))
    manifest = land(paths, sources, "subscribers", run="r", since={"shop": clock.now(), "crm": clock.now()})
    assert (manifest["rows"], manifest["watermarks"], manifest["source_columns"]) == (0, {}, {})
    assert manifest["source_files"] == ["crm/subscribers.jsonl"]


def without_full_pass(batches: Callable[..., Any]) -> Callable[..., Any]:
    def read(self: Any, relation: Any, found: Any, since: datetime | None) -> Any:
        assert since is not None
        return batches(self, relation, found, since)

    return read


def test_with_many_changes_every_row_lands(
    paths: DataPaths, combine: Callable[..., Combination], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combined_source, "MAX_CHANGED", 1)
    changed = [subscriber(number, updated_at="2025-06-05") for number in (1, 2)]
    sources = combine([*changed, subscriber(3)], [subscriber(1)])
    since = dict.fromkeys(("shop", "crm"), datetime(2025, 6, 4, tzinfo=UTC))
    assert land(paths, sources, "subscribers", run="r", since=since)["rows"] == 3


def test_of_a_subscriber_twice_in_one_source_the_newest_row_counts_and_the_other_is_reported(
    paths: DataPaths, combine: Callable[..., Combination]
) -> None:
    twice = [
        subscriber(1, email="old@example.com", country="DE"),
        subscriber(1, email="new@example.com", country=None, updated_at="2025-07-01"),
    ]
    sources = combine(
        [*twice, subscriber(2)], [subscriber(1, first_name="Augusta") | NO_ANSWER], purchases=[purchase(1)] * 2
    )
    manifest = land(paths, sources, "subscribers", run="r", since=None)
    rows = [(row["subscriber_id"], row["email"], row["country"], row["first_name"]) for row in landed(paths, manifest)]
    assert sorted(rows) == [
        ("S1", "new@example.com", "GB", "Augusta"), ("S1", "old@example.com", "DE", "Ada"),
        ("S2", "person2@example.com", "GB", "Ada"),
    ]  # fmt: skip
    assert validate_batch(paths, manifest, accept=["quarantined_share"])["quarantined"] == 1
    assert query(paths, "select source_key, raw_row->>'email', reasons from quality.quarantine") == [
        ("S1", "old@example.com", ["duplicate_id"])
    ]
    assert land(paths, sources, "purchases", run="r", since=None)["rows"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FILE.replace("first_name: [crm]", "status: [crm]"), "'status' has no precedence"),
        (FILE.replace("first_name: [crm]", "first_name: [erp]"), "the source 'erp' is unknown"),
        (FILE.replace("subscribers_source", "shop_source"), "first source does not have the connection subscribers_source"),
        (FILE.replace("crm_source", "subscribers_source"), "two sources have the same connection"),
        (FILE.replace("mapping", "maping"), "is not a known field. Did you mean mapping?"),
        (FILE.replace("crm:", "../crm:"), "has no plain name"),
    ],
)
def test_a_wrong_file_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    (tmp_path / "sources.yaml").write_text(text)
    monkeypatch.setenv("TRADEWIND_SOURCES", str(tmp_path / "sources.yaml"))
    with pytest.raises(ConfigurationError, match=message):
        combination(str)


def test_without_the_file_there_is_one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADEWIND_SOURCES", raising=False)
    assert combination(str) is None
    with pytest.raises(ConfigurationError, match="There is one source"):
        origins.origins("S1")
