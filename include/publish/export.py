"""`python -m include.publish.export FOLDER` (`make export TO=…`): the published build as Parquet, one file per table.

Beside the files is `manifest.json`: that of the build, with name, rows and SHA-256 of each file. The comments on the table
and its columns are metadata of the Parquet schema, under the key `comment`.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path
from typing import Any, TypedDict

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.durable import file_sha256, sync_file, sync_folder, write_durably
from include.core.errors import PublishError, TradewindError
from include.core.paths import DataPaths, data_paths
from include.publish import snapshot
from include.warehouse.connection import fetch

log = logging.getLogger(__name__)

_AT_ONCE = 100_000
"""Rows of a batch; each is a row group."""


class ExportedFile(TypedDict):
    """One Parquet file of an export."""

    name: str
    rows: int
    sha256: str


def export(paths: DataPaths, folder: Path) -> dict[str, ExportedFile]:
    """Write the current build to `folder`, which must not exist; returns the file of each table.

    The folder appears when it is complete. Raises `PublishError` if it exists, or if nothing is published.
    """
    if folder.exists():
        raise PublishError("exists already.", where=str(folder), remedy="Name a folder that does not exist.")
    build = snapshot.require_build(paths)
    beside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    with snapshot.open_build(build) as connection:
        files = {name: _write(connection, beside, name, columns) for name, columns in _tables(connection).items()}
    manifest = {**snapshot.read_manifest(build), "files": files}
    write_durably(beside / snapshot.MANIFEST, json.dumps(manifest, indent=2).encode())
    beside.rename(folder)
    sync_folder(folder.parent)
    return files


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    """The rows of the catalogue by table."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for row in fetch(connection, "publish", "columns", {"database_name": "analytics"}).to_pylist():
        tables.setdefault(row["table_name"], []).append(row)
    return tables


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, columns: list[dict[str, Any]]) -> ExportedFile:
    quoted = name.replace('"', '""')
    rows = connection.execute(f'from marts."{quoted}"').to_arrow_reader(_AT_ONCE)
    schema = _with_comments(rows.schema, columns)
    file, count = folder / f"{name}.parquet", 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch.replace_schema_metadata(schema.metadata).cast(schema))
            count += batch.num_rows
    sync_file(file)
    return {"name": file.name, "rows": count, "sha256": file_sha256(file)}


def _with_comments(schema: pa.Schema, columns: list[dict[str, Any]]) -> pa.Schema:
    comments = {row["column_name"]: row["column_comment"] for row in columns}
    fields = [field.with_metadata({"comment": comments[field.name]}) for field in schema]
    return pa.schema(fields, metadata={"comment": columns[0]["table_comment"]})


def main() -> None:
    """Export to the folder of the first argument."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        files = export(data_paths(), Path(sys.argv[1]))
    except TradewindError as error:
        sys.exit(f"error: {error}")
    log.info("%d tables, %s rows: %s", len(files), f"{sum(file['rows'] for file in files.values()):,}", sys.argv[1])


if __name__ == "__main__":
    main()
