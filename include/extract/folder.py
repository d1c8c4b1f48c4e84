"""A folder of CSV or Parquet files as source: `subscribers*.csv`, or a folder `subscribers/` with files."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pyarrow as pa

from include.core.errors import SourceError, SourceUnavailable
from include.extract.contract import RELATIONS, Relation
from include.extract.csv_file import CsvFile, file_missing_error, open_csv
from include.extract.lenient_csv import ParsedCsv, parse_leniently
from include.extract.mapping import custom_query, landing_query, relation_query
from include.warehouse.connection import configure, run

BATCH_ROWS = 50_000
# A value that is not a time is always read, so that validation can quarantine its row.
SINCE = "coalesce(source_time(cast({column} as text)) >= $since, true)"
# The type of a map that was written as a list of pairs.
_PAIRS = 'STRUCT("key" '


class FolderSource:
    """The files of a relation are read as one table, with columns matched by name.

    CSV is UTF-8 with one header line, separated by commas, semicolons, tabs or bars. A CSV file with an unreadable line is
    parsed leniently: that line lands as its location, so that validation can quarantine it by line number.
    """

    def __init__(self, path: str, scratch: Path | None = None) -> None:
        self._folder = Path(unquote(path)).absolute()
        self._scratch = scratch
        self.location = f"folder {self._folder}"
        if not self._folder.is_dir():
            raise SourceError(
                "the folder does not exist.",
                where=self.location,
                remedy="Fix the path of the connection subscribers_source.",
            )
        self._connection = duckdb.connect()
        configure(self._connection)
        run(self._connection, "warehouse", "025_source_time")
        self._casts: dict[str, dict[str, str]] = {}
        self._csv: dict[str, list[CsvFile]] = {}
        self._paths = {name: self._create_view(relation) for name, relation in RELATIONS.items()}

    def has_relation(self, relation: Relation) -> bool:
        return bool(self._paths[relation.name])

    def files(self, relation: Relation) -> list[str]:
        return [str(path.relative_to(self._folder)) for path in self._paths[relation.name]]

    def columns(self, relation: Relation) -> list[str]:
        with self._translated_errors(relation.name):
            cursor = self._connection.execute(f"select * from (\n{relation_query(relation)}\n) as source limit 0")
            found = {column[0]: str(column[1]) for column in cursor.description or ()}
        self._casts[relation.name] = {name: cast for name, kind in found.items() if (cast := _cast(kind))}
        return list(found)

    def batches(self, relation: Relation, found: list[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        query = landing_query(relation, found, self.location, SINCE, since, self._casts.get(relation.name))
        read = list(RELATIONS.values()) if custom_query(relation) else [relation]
        with self._translated_errors(relation.name):
            parsed = {one.name: self._parse_unreadable_files(one) for one in read}
            cursor = self._connection.execute(query, {"since": since} if since else {})
            yield from cursor.to_arrow_reader(BATCH_ROWS)
            yield from self._unreadable_lines(relation, parsed[relation.name])

    def close(self) -> None:
        self._connection.close()

    def _create_view(self, relation: Relation) -> list[Path]:
        """Create the view over a relation's files and return their paths; empty where it has none."""
        name = relation.name
        files = {kind: _files(self._folder, name, kind) for kind in ("csv", "parquet")}
        if files["csv"] and files["parquet"]:
            raise SourceError(
                f"has {name} both as CSV and as Parquet.", where=self.location, remedy="Remove one of the two."
            )
        with self._translated_errors(name, files["parquet"]):
            if files["parquet"]:
                names = [str(path) for path in files["parquet"]]
                self._connection.read_parquet(names, union_by_name=True).create_view(name)
            if files["csv"]:
                self._csv[name] = [open_csv(path, relation) for path in files["csv"]]
                self._create_csv_view(name, [file.relation(self._connection) for file in self._csv[name]])
        return files["csv"] + files["parquet"]

    def _create_csv_view(self, name: str, parts: list[duckdb.DuckDBPyRelation]) -> None:
        for number, part in enumerate(parts):
            part.create_view(f"{name}_{number}", replace=True)
        selects = (f"select * from {name}_{number}" for number in range(len(parts)))
        self._connection.execute(f"create or replace view {name} as {' union all by name '.join(selects)}")

    def _parse_unreadable_files(self, relation: Relation) -> list[ParsedCsv]:
        """Parse each CSV file that DuckDB cannot read, and let the view read the result instead of the file."""
        parts, parsed = list[duckdb.DuckDBPyRelation](), list[ParsedCsv]()
        for number, file in enumerate(self._csv.get(relation.name, ())):
            if file.is_plain(self._connection):
                parts.append(file.relation(self._connection))
                continue
            if self._scratch is None:
                raise ValueError("reading rows needs a scratch folder")
            result = parse_leniently(file, relation.key, self._scratch, f"{relation.name}-{number}")
            parsed.append(result)
            parts.append(self._connection.read_parquet(str(result.rows)))
        if parsed:
            self._create_csv_view(relation.name, parts)
        return parsed

    def _unreadable_lines(self, relation: Relation, parsed: list[ParsedCsv]) -> Iterator[pa.RecordBatch]:
        """A row for every unreadable line: its key where it is known, and its location."""
        names = [str(one.unreadable) for one in parsed if one.unreadable_count]
        if names:
            found = self._connection.read_parquet(names).project(f"key as {relation.key}, location as unreadable")
            yield from found.to_arrow_reader(BATCH_ROWS)

    @contextmanager
    def _translated_errors(self, name: str, files: list[Path] | None = None) -> Iterator[None]:
        """DuckDB's errors may quote a row, and a stream raises them as OSError: only the error's type is reported."""
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            listed = files or self._paths.get(name, [])
            for path in listed:
                if not path.exists():
                    raise file_missing_error(path, name) from None
            kind = SourceUnavailable if isinstance(error, duckdb.IOException) else SourceError
            raise kind(
                f"the files of {name} cannot be read: {type(error).__name__}.",
                where=self.location,
                remedy="CSV must be UTF-8 with one header line, Parquet complete. Do not write to a file while it is read.",
            ) from None


def _files(folder: Path, name: str, kind: str) -> list[Path]:
    found = [*folder.glob(f"{name}*.{kind}"), *folder.glob(f"{name}/**/*.{kind}")]
    return sorted(path for path in found if path.is_file())


def _cast(kind: str) -> str | None:
    """The cast of a nested type to JSON text; a list of key-value pairs becomes an object. None for other types."""
    if kind.startswith(_PAIRS) and kind.endswith("[]"):
        return "to_json(map_from_entries({column}))"
    return "to_json({column})" if kind.startswith(("STRUCT(", "MAP(", "UNION(")) or kind.endswith("]") else None
