"""A folder of CSV or Parquet files as source: `subscribers*.csv`, or a folder `subscribers/` with files in it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import pyarrow as pa

from include.core.errors import SourceError
from include.extract.contract import RELATIONS, Relation
from include.extract.mapping import query, statement
from include.warehouse.connection import configure, run

ROWS = 50_000
# What is no time is always read, so that validation can refuse it by name.
SINCE = "coalesce(source_time(cast({column} as text)) >= $since, true)"


class FolderSource:
    """All files of one relation are one relation; columns meet by name. CSV has a header line and is UTF-8."""

    def __init__(self, path: str) -> None:
        self._folder = Path(unquote(path)).absolute()
        self.place = f"folder {self._folder}"
        if not self._folder.is_dir():
            raise SourceError("there is no such folder.", where=self.place, remedy="Mend the path of subscribers_source.")
        self._connection = duckdb.connect()
        configure(self._connection)
        run(self._connection, "warehouse", "025_source_time")
        self._found = {name: self._view(name) for name in RELATIONS}

    def has(self, relation: Relation) -> bool:
        return self._found[relation.name]

    def columns(self, relation: Relation) -> list[str]:
        with self._explained(relation.name):
            cursor = self._connection.execute(f"select * from (\n{query(relation)}\n) as source limit 0")
            return [part[0] for part in cursor.description or ()]

    def batches(self, relation: Relation, found: list[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        text = statement(relation, found, self.place, SINCE, since)
        with self._explained(relation.name):
            cursor = self._connection.execute(text, {"since": since} if since else {})
            yield from cursor.to_arrow_reader(ROWS)

    def close(self) -> None:
        self._connection.close()

    def _view(self, name: str) -> bool:
        """Make the view over a relation's files; False where it has none."""
        files = {kind: _files(self._folder, name, kind) for kind in ("csv", "parquet")}
        if files["csv"] and files["parquet"]:
            raise SourceError(f"has {name} both as CSV and as Parquet.", where=self.place, remedy="Keep one of the two.")
        with self._explained(name):
            if files["parquet"]:
                self._connection.read_parquet(files["parquet"], union_by_name=True).create_view(name)
            if files["csv"]:
                self._csv_view(name, files["csv"])
        return bool(files["csv"] or files["parquet"])

    def _csv_view(self, name: str, files: list[str]) -> None:
        """The dialect is said, never sniffed: DuckDB may take a '#' in a row for a comment and leave the row out."""
        for number, file in enumerate(files):
            columns: Any = dict.fromkeys(self._header(name, file), "VARCHAR")
            self._connection.read_csv(
                file, header=True, auto_detect=False, columns=columns, delimiter=",", quotechar='"', escapechar='"'
            ).create_view(f"{name}_{number}")
        parts = (f"select * from {name}_{number}" for number in range(len(files)))
        self._connection.execute(f"create view {name} as {' union all by name '.join(parts)}")

    def _header(self, name: str, file: str) -> list[str]:
        try:
            with open(file, newline="", encoding="utf-8-sig") as lines:
                header = next(csv.reader(lines, strict=True), [])
        except (UnicodeDecodeError, csv.Error):
            header = []
        if not any(header) or len(set(header)) != len(header):
            raise SourceError(
                f"a file of {name} does not begin with one line of different column names.",
                where=file,
                remedy="Write it as CSV in UTF-8, with the contract's column names in its first line.",
            )
        return header

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """DuckDB's errors quote the line that it could not read, so only its number goes on."""
        try:
            yield
        except duckdb.Error as error:
            line = re.search(r"Line: (\d+)", str(error))
            raise SourceError(
                f"the files of {name} cannot be read{f' (line {line[1]})' if line else ''}: {type(error).__name__}.",
                where=self.place,
                remedy="CSV: UTF-8, commas, double quotes, one header line, the same fields in each line. Parquet: whole.",
            ) from None


def _files(folder: Path, name: str, kind: str) -> list[str]:
    found = [*folder.glob(f"{name}*.{kind}"), *folder.glob(f"{name}/**/*.{kind}")]
    return sorted(str(path) for path in found if path.is_file())
