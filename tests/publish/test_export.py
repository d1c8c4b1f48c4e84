"""The published build as Parquet files."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from include.core.durable import file_sha256
from include.core.errors import PublishError
from include.core.paths import DataPaths
from include.publish.export import export


def test_every_table_is_a_file_with_its_rows_and_comments(published: DataPaths, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    export(published, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {path.stem for path in folder.glob("*.parquet")} == set(manifest["tables"])
    for name, table in manifest["tables"].items():
        assert manifest["files"][name]["rows"] == table["rows"]
        assert manifest["files"][name]["sha256"] == file_sha256(folder / f"{name}.parquet")
    schema = pq.read_schema(folder / "sends.parquet")
    assert schema.metadata[b"comment"] == b"Sample of sends."
    assert schema.field("state").metadata[b"comment"] == b"The state of sends; it's a sample."
    with duckdb.connect(str(published.published / "analytics.duckdb"), read_only=True) as connection:
        for name in ("sends", "events"):
            exported = f"select * from read_parquet('{folder / name}.parquet')"
            for one, other in ((f"from marts.{name}", exported), (exported, f"from marts.{name}")):
                query = f"select count(*) from (({one}) except all ({other})) as differing"
                assert connection.execute(query).fetchall() == [(0,)]


def test_existing_folder_is_not_touched(published: DataPaths, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="exists already"):
        export(published, tmp_path)
    assert list(tmp_path.iterdir()) == []
