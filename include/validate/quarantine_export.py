"""`python -m include.validate.quarantine_export`: the rows in quarantine as CSV, to be corrected at the source.

One file per relation in `$TRADEWIND_DATA/quarantine/`, readable for its owner only, since it holds whole rows. Each export
replaces the one before; a relation without rows in quarantine has no file. Rows are not read back from these files: once the
source is corrected, the next pass merges them.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson

from data_quality import catalogue
from include.core.durable import sync_file, sync_folder
from include.core.errors import TradewindError
from include.core.paths import DataPaths, data_paths
from include.warehouse.connection import fetch, open_warehouse, run

BATCH_ROWS = 10_000
HEAD = ("where", "run", "reasons", "what is wrong", "what to do")
_FORMULA = re.compile(r"^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What spreadsheets read as the start of a formula (OWASP, CSV injection), in full-width forms too."""
_NUMBER = re.compile(r"^[+-]?\d+([.,]\d+)?$")


def export_quarantine(paths: DataPaths) -> dict[str, int]:
    """Write the rows that are in quarantine now; returns {file: rows}. Streams: memory does not grow with the rows."""
    shutil.rmtree(paths.quarantine, ignore_errors=True)
    paths.quarantine.mkdir(parents=True, mode=0o700)
    columns: dict[str, list[str]] = {}
    with open_warehouse(paths) as connection:
        for row in fetch(connection, "validate", "quarantine_columns").to_pylist():
            columns.setdefault(row["relation"], []).append(row["column_name"])
        return {str(paths.quarantine / f"{name}.csv"): _write(connection, paths, name, columns[name]) for name in columns}


def formula_safe(value: object) -> str:
    """The value as text that no spreadsheet evaluates: what looks like a formula gets a leading apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def _write(connection: duckdb.DuckDBPyConnection, paths: DataPaths, relation: str, columns: list[str]) -> int:
    path, written = paths.quarantine / f"{relation}.csv", 0
    with _private(path) as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow([*HEAD, *columns])
        for row in _rows(connection, relation):
            writer.writerow([formula_safe(value) for value in _cells(row, columns)])
            written += 1
    sync_file(path)
    sync_folder(path.parent)
    return written


def _private(path: Path) -> Any:
    """A new file that only its owner may read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(handle, "w", newline="", encoding="utf-8")


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[dict[str, Any]]:
    reader = run(connection, "validate", "quarantine_rows", {"relation": relation}).to_arrow_reader(BATCH_ROWS)
    for batch in reader:
        yield from batch.to_pylist()


def _cells(row: dict[str, Any], columns: list[str]) -> list[object]:
    known = [catalogue.rules()[reason] for reason in row["reasons"] if reason in catalogue.rules()]
    values = orjson.loads(row["raw_row"])
    return [
        row["place"],
        row["landed_run"],
        ", ".join(row["reasons"]),
        " ".join(rule.meaning for rule in known),
        " ".join(rule.remedy for rule in known),
        *(values.get(column) for column in columns),
    ]


def main() -> int:
    """Export, and print the files with their numbers of rows."""
    try:
        written = export_quarantine(data_paths())
    except TradewindError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    lines = [f"{path}  {rows:,} rows" for path, rows in written.items()]
    lines.append("Whole rows with addresses: for the owner of the source only. Delete the files when you are done.")
    sys.stdout.write("\n".join(lines if written else ["Nothing is in quarantine."]) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
