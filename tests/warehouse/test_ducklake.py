"""The warehouse's SQL also runs on a DuckLake catalogue, which has no keys, checks or indexes.

The extension is installed from PyPI and loaded from its file; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import pytest

from include.analyze.marts import build_marts
from include.analyze.reconcile import check_sums
from include.core.paths import DataPaths
from include.ledger.stores import Stores
from include.publish.file import publish
from include.segment.build import build_segments
from include.validate.batch import validate_batch
from include.validate.merge import MergeSummary, merge_batch
from include.warehouse import connection, migrations
from include.warehouse.connection import open_warehouse
from tests.rows import Row, purchase, subscriber
from tests.validate.conftest import land_rows

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
EXTENSION = (
    Path(duckdb_extension_ducklake.__file__).parent / "extensions" / f"v{duckdb.__version__}" / "ducklake.duckdb_extension"
)


def connect_ducklake(paths: DataPaths, _wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """A connection whose current database is a DuckLake: the catalogue in one file, the rows in Parquet files."""
    lake = paths.warehouse.parent
    opened = duckdb.connect()
    opened.execute(f"load '{EXTENSION}'")
    opened.execute(f"attach 'ducklake:{lake}/catalogue.ducklake' as lake (data_path '{lake}/rows')")
    opened.execute("use lake")
    opened.execute(f"set allowed_directories = ['{lake}']")
    return opened


@pytest.fixture
def lake(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataPaths]:
    """A data folder whose warehouse is a DuckLake."""
    monkeypatch.setattr(connection, "_connect", connect_ducklake)
    yield paths
    assert not paths.warehouse.exists(), "something opened the DuckDB file"


def ingest(paths: DataPaths, *rows: Row, relation: str = "subscribers") -> MergeSummary:
    manifest = land_rows(paths, relation, list(rows))
    validate_batch(paths, manifest, accept=["unseen_share"])
    return merge_batch(paths, manifest)


def ask(paths: DataPaths, query: str) -> list[tuple[object, ...]]:
    with open_warehouse(paths) as opened:
        return opened.execute(query).fetchall()


def test_every_migration_runs_once(lake: DataPaths) -> None:
    with open_warehouse(lake) as opened:
        assert opened.execute("select type from duckdb_databases() where database_name = current_database()").fetchall() == [
            ("ducklake",)
        ]
    with open_warehouse(lake) as opened:
        assert migrations.pending(opened) == []


def test_a_merge_updates_inserts_and_deletes(lake: DataPaths) -> None:
    ingest(lake, subscriber(1, first_name="Ada"), subscriber(2), subscriber(3))

    merged = ingest(lake, subscriber(1, first_name="Grace", updated_at="2026-11-20"), subscriber(2), subscriber(4))

    assert merged == {"relation": "subscribers", "inserted": 1, "updated": 1, "unchanged": 1, "deleted": 1}
    assert ask(lake, "select subscriber_id, first_name from core.identities order by all")[:1] == [("S1", "Grace")]
    assert ask(lake, "select count(*), count(distinct subscriber_id) from core.subscribers") == [(4, 4)]


def test_segments_marts_and_publishing(lake: DataPaths, stores: Stores) -> None:
    ingest(lake, subscriber(1), subscriber(2))
    ingest(lake, purchase(1), purchase(2), relation="purchases")
    for _ in range(2):
        sizes = build_segments(lake, segment_run="run", as_of=AS_OF)
        rows = build_marts(stores, as_of=AS_OF)

    assert sizes
    assert rows["list_health"] == 1
    assert all(check_sums(lake).values())
    assert publish(lake)["tables"]["list_health"]["rows"] == 1
