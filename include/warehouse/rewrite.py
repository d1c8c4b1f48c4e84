"""Writes the warehouse file anew, so that deleted rows are not in its bytes any more."""

from __future__ import annotations

import duckdb

from include.core.durable import sync_file, sync_folder
from include.core.paths import DataPaths


def rewrite(warehouse: duckdb.DuckDBPyConnection, paths: DataPaths) -> None:
    """Copy the database to a new file and put it in the place of the old one.

    DuckDB marks deleted rows and reuses their blocks later; until then, the file contains the old bytes. The caller
    closes the connection next, since it has the old file open. The time grows with the size of the file.
    """
    fresh = paths.warehouse.with_name("rewritten.duckdb")
    fresh.unlink(missing_ok=True)
    name = warehouse.execute("select current_database()").fetchall()[0][0]
    warehouse.execute(f"attach '{str(fresh).replace(chr(39), chr(39) * 2)}' as rewritten")
    warehouse.execute(f'copy from database "{name}" to rewritten')
    warehouse.execute("detach rewritten")
    warehouse.execute("checkpoint")
    sync_file(fresh)
    fresh.replace(paths.warehouse)
    paths.warehouse.with_name(f"{paths.warehouse.name}.wal").unlink(missing_ok=True)
    sync_folder(paths.warehouse.parent)
