"""Every kind of source gives the same rows, and says clearly what it lacks."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.errors import ConfigurationError, SourceError, SourceUnavailable
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.extract.columns import named_types
from include.extract.contract import SUBSCRIBERS
from include.extract.land import land
from include.extract.sources import relations
from tests.rows import Row, activity, postgres_source, purchase, sqlite_source, subscriber

Build = Callable[..., str]
AWKWARD = [
    subscriber(1, first_name="Zoë", last_name='O"Brien, Jr.'),
    subscriber(2, first_name="", last_name=None, updated_at="2026-01-01 00:00:00"),
    subscriber(3, attributes='{"a": "x,\\"y\\""}', updated_at="2026-02-01 00:00:00"),
    subscriber(4, first_name="{{ 7*7 }}", updated_at="0000-00-00"),
    subscriber(5, email=" a@b@c ", updated_at="2024-01-01 00:00:00"),
]


def landed(paths: DataPaths, manifest: Manifest) -> list[Row]:
    """The rows of a landed batch."""
    folder = paths.root / manifest["folder"]
    tables = [pq.read_table(folder / file["name"]) for file in manifest["files"]]
    rows: list[Row] = pa.concat_tables(tables).to_pylist()
    return rows


def test_every_source_lands_the_same_text(paths: DataPaths, source: Build) -> None:
    url = source(subscribers=AWKWARD, purchases=[purchase(1), purchase(2)], activities=[activity(1), activity(2)])
    manifest = land(paths, url, "subscribers", run="r", since=None)
    expected = [
        {"row_number": number} | {column: row[column] or None for column in SUBSCRIBERS.columns} | {"unreadable": None}
        for number, row in enumerate(AWKWARD)
    ]
    assert landed(paths, manifest) == expected
    assert manifest["watermark"] == "2026-02-01T00:00:00+00:00"
    assert relations(url) == ["subscribers", "purchases", "activities"]
    assert land(paths, url, "purchases", run="r", since=None)["rows"] == 2
    since = datetime(2025, 7, 1, 11, tzinfo=UTC)
    happened = land(paths, url, "activities", run="r", since=since)
    assert [row | {"row_number": 0, "unreadable": 0} for row in landed(paths, happened)] == [
        activity(number) | {"row_number": 0, "unreadable": 0} for number in (1, 2)
    ]
    assert happened["watermark"] == "2025-07-01T12:00:00+00:00"
    assert land(paths, url, "activities", run="later", since=datetime(2025, 7, 3, tzinfo=UTC))["rows"] == 0


def test_an_incremental_pass_includes_changed_and_undated_rows(paths: DataPaths, source: Build) -> None:
    url = source(subscribers=AWKWARD)
    manifest = land(paths, url, "subscribers", run="r", since=datetime(2026, 1, 15, tzinfo=UTC))
    assert {row["subscriber_id"] for row in landed(paths, manifest)} == {"S3", "S4"}
    assert not manifest["full"]


def test_purchases_are_optional_and_subscribers_are_not(paths: DataPaths, source: Build) -> None:
    assert relations(source(subscribers=AWKWARD)) == ["subscribers"]


def test_a_source_without_subscribers_is_an_error(source: Build) -> None:
    with pytest.raises(SourceError, match="no relation subscribers"):
        relations(source(purchases=[purchase(1)]))


def test_a_missing_required_column_is_named(paths: DataPaths, source: Build) -> None:
    rows = [{name: value for name, value in row.items() if name not in ("consent_wording", "status")} for row in AWKWARD]
    with pytest.raises(SourceError, match=r"subscribers has no column status, consent_wording\. .*subscribers\.sql"):
        land(paths, source(subscribers=rows), "subscribers", run="r", since=None)


def test_the_error_for_a_missing_column_suggests_similar_names(paths: DataPaths, source: Build) -> None:
    own = {"subscriber_id": "subscriber id", "email": "e_mail", "status": "wanted"}
    rows = [{own.get(name, name): value for name, value in row.items()} for row in AWKWARD]
    with pytest.raises(SourceError) as caught:
        land(paths, source(subscribers=rows), "subscribers", run="r", since=None)
    assert "Its columns are subscriber id, e_mail, first_name," in str(caught.value)
    assert "Did you mean 'subscriber id' for subscriber_id? Did you mean 'e_mail' for email? Map" in str(caught.value)


def test_column_names_ignore_case_and_surrounding_spaces(paths: DataPaths, source: Build) -> None:
    own = {"email": " EMail ", "updated_at": "Updated_At", "attributes": "ATTRIBUTES "}
    rows = [{own.get(name, name.title()): value for name, value in row.items()} for row in AWKWARD]
    manifest = land(paths, source(subscribers=rows), "subscribers", run="r", since=datetime(2026, 1, 15, tzinfo=UTC))
    found = {row["subscriber_id"]: (row["email"], row["attributes"]) for row in landed(paths, manifest)}
    expected = {row["subscriber_id"]: (row["email"], row["attributes"]) for row in AWKWARD}
    assert found == {who: expected[who] for who in ("S3", "S4")}


def test_a_missing_optional_column_lands_as_null(paths: DataPaths, source: Build) -> None:
    rows = [
        {name: value for name, value in row.items() if name not in ("tracking_consent", "attributes")} for row in AWKWARD
    ]
    manifest = land(paths, source(subscribers=rows), "subscribers", run="r", since=None)
    assert {(row["tracking_consent"], row["attributes"]) for row in landed(paths, manifest)} == {(None, None)}


def test_a_custom_query_maps_the_names_of_the_source(
    paths: DataPaths, source: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [{("mail" if name == "email" else name): value for name, value in row.items()} for row in AWKWARD]
    (tmp_path / "subscribers.sql").write_text("select *, mail as email from subscribers; -- theirs\n".replace("; --", " --"))
    monkeypatch.setenv("TRADEWIND_SOURCE_SQL", str(tmp_path))
    manifest = land(paths, source(subscribers=own), "subscribers", run="r", since=None)
    assert landed(paths, manifest)[0]["email"] == "person1@example.com"


def test_a_missing_folder_of_custom_queries_is_a_configuration_error(
    paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite_source(tmp_path / "s.sqlite", subscribers=AWKWARD)
    monkeypatch.setenv("TRADEWIND_SOURCE_SQL", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="is not a folder"):
        land(paths, url, "subscribers", run="r", since=None)


@pytest.mark.postgres
def test_postgres_types_land_as_text_in_utc(paths: DataPaths, postgres_url: str) -> None:
    types = {"updated_at": "timestamptz", "consented_at": "timestamp", "tracking_consent": "boolean", "attributes": "jsonb"}
    rows = [subscriber(1, updated_at="2026-01-01 01:00:00+02"), subscriber(2, updated_at="2025-01-01 00:00:00+00")]
    url = postgres_source(postgres_url, f"s{uuid.uuid4().hex}", types, subscribers=rows)
    manifest = land(paths, url, "subscribers", run="r", since=datetime(2025, 12, 31, 22, tzinfo=UTC))
    (row,) = landed(paths, manifest)
    assert (row["updated_at"], row["tracking_consent"]) == ("2025-12-31 23:00:00+00", "true")
    assert row["consented_at"] == "2025-05-01 10:00:05"
    assert manifest["watermark"] == "2025-12-31T23:00:00+00:00"
    kinds = manifest["source_columns"]
    assert [kinds[name] for name in types] == ["time", "time", "yes or no", "object"]
    assert kinds["email"] == "text"


@pytest.mark.postgres
def test_an_unknown_database_is_permanent_and_a_closed_port_retryable(postgres_url: str) -> None:
    with pytest.raises(SourceError) as wrong:
        relations(postgres_url.rsplit("/", 1)[0] + "/nowhere")
    assert not wrong.value.retryable
    with pytest.raises(SourceUnavailable) as closed:
        relations("postgresql://someone:hushhush@127.0.0.1:1/shop")
    assert closed.value.retryable
    assert "hushhush" not in str(closed.value)


def test_typed_parquet_lands_as_the_same_moments(paths: DataPaths, tmp_path: Path) -> None:
    row = subscriber(1) | {"updated_at": datetime(2026, 1, 1, tzinfo=UTC), "tracking_consent": True}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "subscribers.parquet")
    manifest = land(paths, f"file://{tmp_path}", "subscribers", run="r", since=None)
    (found,) = landed(paths, manifest)
    assert (found["updated_at"], found["tracking_consent"]) == ("2026-01-01 00:00:00+00", "true")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("subscribers.csv", b"subscriber_id,email\n1,\xff\xfe\xfa\n"),
        ("subscribers.csv", b"\x00\x01\x02rubbish\xff"),
        ("subscribers.csv", b""),
        ("subscribers.parquet", b"PAR1 not really PAR1"),
    ],
)
def test_a_corrupt_file_is_an_error_that_does_not_quote_it(
    paths: DataPaths, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        land(paths, f"file://{tmp_path}", "subscribers", run="r", since=None)
    assert "subscribers" in str(caught.value)
    assert "rubbish" not in str(caught.value)
    assert not (paths.landed / "subscribers" / "r" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("timestamp[us, tz=UTC]", "time"), ("TIMESTAMP WITH TIME ZONE", "time"), ("DATETIME", "time"),
        ("date32[day]", "date"),
        ("int64", "whole number"), ("BIGINT", "whole number"), ("INTEGER", "whole number"), ("UTINYINT", "whole number"),
        ("decimal128(10, 2)", "decimal number"), ("NUMERIC", "decimal number"), ("DOUBLE", "decimal number"),
        ("bool", "yes or no"), ("VARCHAR", "text"), ("large_string", "text"), ("UUID", "text"), ("", ""),
        ("STRUCT(a INTEGER)", "object"), ("MAP(VARCHAR, VARCHAR)", "object"), ("jsonb", "object"), ("VARCHAR[]", "list"),
        ("list<item: string>", "list"), ("INTERVAL", "interval"),
    ],
)  # fmt: skip
def test_types_have_the_same_words_in_every_source(name: str, words: str) -> None:
    assert named_types({"a": name}) == {"a": words}


def test_a_column_name_that_looks_like_data_is_not_recorded() -> None:
    assert named_types({"email": "text", "ada@secret.test": "text"}) == {"email": "text", "column 2": "text"}


def test_csv_and_parquet_for_one_relation_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "subscribers.csv").write_text("subscriber_id\n1\n")
    pq.write_table(pa.table({"subscriber_id": ["1"]}), tmp_path / "subscribers.parquet")
    with pytest.raises(SourceError, match="both as CSV and as Parquet"):
        relations(f"file://{tmp_path}")


def test_a_source_that_is_corrupt_missing_or_of_unknown_type_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "shop.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(SourceError, match="not a database"):
        relations(f"sqlite:///{tmp_path}/shop.sqlite")
    with pytest.raises(SourceError, match="the file does not exist"):
        relations(f"sqlite:///{tmp_path}/none.sqlite")
    with pytest.raises(ConfigurationError, match="none of postgresql, sqlite, file, s3 and https"):
        relations("mysql://host/shop")


def test_invalid_utf8_lands_with_the_replacement_character(paths: DataPaths, tmp_path: Path) -> None:
    url = sqlite_source(tmp_path / "s.sqlite", subscribers=[subscriber(1, first_name=b"Zo\xeb"), subscriber(2)])
    names = [row["first_name"] for row in landed(paths, land(paths, url, "subscribers", run="r", since=None))]
    assert names == ["Zo\ufffd", "Ada"]


def test_nested_attributes_of_parquet_land_as_json(paths: DataPaths, tmp_path: Path) -> None:
    """Structs, maps and lists of pairs become objects. A list becomes a JSON array, which validation quarantines."""
    pairs = pa.array([[("genre", "jazz"), ("size", "L")], None], pa.map_(pa.string(), pa.string()))
    columns = {
        "struct": (pa.array([{"genre": "jazz", "sizes": [1, 2]}, None]), '{"genre":"jazz","sizes":[1,2]}'),
        "map": (pairs, '{"genre":"jazz","size":"L"}'),
        "pairs": (pa.array([[{"key": "genre", "value": "jazz"}], None]), '{"genre":"jazz"}'),
        "list": (pa.array([["jazz", "L"], None]), '["jazz","L"]'),
    }
    for name, (values, expected) in columns.items():
        table = pa.Table.from_pylist([subscriber(1), subscriber(2)]).drop_columns("attributes")
        (tmp_path / name).mkdir()
        pq.write_table(table.append_column("attributes", values), tmp_path / name / "subscribers.parquet")
        manifest = land(paths, f"file://{tmp_path / name}", "subscribers", run=name, since=None)
        assert [row["attributes"] for row in landed(paths, manifest)] == [expected, None]
