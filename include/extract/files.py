"""A folder of CSV or Parquet files as source: `subscribers*.csv`, or a folder `subscribers/` with files in it."""

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
from include.extract.csvfile import CsvFile, opened, vanished
from include.extract.mapping import own_query, query, statement
from include.extract.repair import Copy, repaired
from include.warehouse.connection import configure, run

ROWS = 50_000
# What is no time is always read, so that validation can refuse it by name.
SINCE = "coalesce(source_time(cast({column} as text)) >= $since, true)"
# A map as some writers have it: a list of pairs.
_PAIRS = 'STRUCT("key" '


class FolderSource:
    """All files of one relation are one relation; columns meet by name.

    CSV is UTF-8 with one header line, separated by commas, semicolons, tabs or bars. A CSV file with a line that cannot be
    read is read line by line, and what is not readable lands as its place, so that validation can refuse it by number.
    """

    def __init__(self, path: str, scratch: Path | None = None) -> None:
        self._folder = Path(unquote(path)).absolute()
        self._scratch = scratch
        self.place = f"folder {self._folder}"
        if not self._folder.is_dir():
            raise SourceError("there is no such folder.", where=self.place, remedy="Mend the path of subscribers_source.")
        self._connection = duckdb.connect()
        configure(self._connection)
        run(self._connection, "warehouse", "025_source_time")
        self._casts: dict[str, dict[str, str]] = {}
        self._csv: dict[str, list[CsvFile]] = {}
        self._paths = {name: self._view(relation) for name, relation in RELATIONS.items()}

    def has(self, relation: Relation) -> bool:
        return bool(self._paths[relation.name])

    def files(self, relation: Relation) -> list[str]:
        return [str(path.relative_to(self._folder)) for path in self._paths[relation.name]]

    def columns(self, relation: Relation) -> list[str]:
        with self._explained(relation.name):
            cursor = self._connection.execute(f"select * from (\n{query(relation)}\n) as source limit 0")
            found = {part[0]: str(part[1]) for part in cursor.description or ()}
        self._casts[relation.name] = {name: cast for name, kind in found.items() if (cast := _cast(kind))}
        return list(found)

    def batches(self, relation: Relation, found: list[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        text = statement(relation, found, self.place, SINCE, since, self._casts.get(relation.name))
        needed = list(RELATIONS.values()) if own_query(relation) else [relation]
        with self._explained(relation.name):
            copies = {one.name: self._made_readable(one) for one in needed}
            cursor = self._connection.execute(text, {"since": since} if since else {})
            yield from cursor.to_arrow_reader(ROWS)
            yield from self._unreadable(relation, copies[relation.name])

    def close(self) -> None:
        self._connection.close()

    def _view(self, relation: Relation) -> list[Path]:
        """Make the view over a relation's files; they, or nothing where it has none."""
        name = relation.name
        files = {kind: _files(self._folder, name, kind) for kind in ("csv", "parquet")}
        if files["csv"] and files["parquet"]:
            raise SourceError(f"has {name} both as CSV and as Parquet.", where=self.place, remedy="Keep one of the two.")
        with self._explained(name, files["parquet"]):
            if files["parquet"]:
                names = [str(path) for path in files["parquet"]]
                self._connection.read_parquet(names, union_by_name=True).create_view(name)
            if files["csv"]:
                self._csv[name] = [opened(path, relation) for path in files["csv"]]
                self._csv_view(name, [file.relation(self._connection) for file in self._csv[name]])
        return files["csv"] + files["parquet"]

    def _csv_view(self, name: str, parts: list[duckdb.DuckDBPyRelation]) -> None:
        for number, part in enumerate(parts):
            part.create_view(f"{name}_{number}", replace=True)
        selects = (f"select * from {name}_{number}" for number in range(len(parts)))
        self._connection.execute(f"create or replace view {name} as {' union all by name '.join(selects)}")

    def _made_readable(self, relation: Relation) -> list[Copy]:
        """Put a readable copy in the place of each CSV file that DuckDB would stumble over; those copies."""
        parts, copies = [], []
        for number, file in enumerate(self._csv.get(relation.name, ())):
            if file.is_plain(self._connection):
                parts.append(file.relation(self._connection))
                continue
            if self._scratch is None:
                raise ValueError("a source is read with a scratch folder")
            copy = repaired(file, relation.key, self._scratch, f"{relation.name}-{number}")
            copies.append(copy)
            parts.append(self._connection.read_parquet(str(copy.rows)))
        if copies:
            self._csv_view(relation.name, parts)
        return copies

    def _unreadable(self, relation: Relation, copies: list[Copy]) -> Iterator[pa.RecordBatch]:
        """A row for every line that is none: its key where it is known, and its place."""
        names = [str(copy.unreadable) for copy in copies if copy.lost]
        if names:
            found = self._connection.read_parquet(names).project(f"key as {relation.key}, place as unreadable")
            yield from found.to_arrow_reader(ROWS)

    @contextmanager
    def _explained(self, name: str, files: list[Path] | None = None) -> Iterator[None]:
        """DuckDB's errors quote the line that they are about, and come as OSError from a stream: only their kind goes on."""
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            listed = files or self._paths.get(name, [])
            for path in listed:
                if not path.exists():
                    raise vanished(path, name) from None
            kind = SourceUnavailable if isinstance(error, duckdb.IOException) else SourceError
            raise kind(
                f"the files of {name} cannot be read: {type(error).__name__}.",
                where=self.place,
                remedy="CSV: UTF-8, one header line. Parquet: whole. A file that is still written to is no source.",
            ) from None


def _files(folder: Path, name: str, kind: str) -> list[Path]:
    found = [*folder.glob(f"{name}*.{kind}"), *folder.glob(f"{name}/**/*.{kind}")]
    return sorted(path for path in found if path.is_file())


def _cast(kind: str) -> str | None:
    """How a nested type becomes text: as JSON. A list of key and value is an object."""
    if kind.startswith(_PAIRS) and kind.endswith("[]"):
        return "to_json(map_from_entries({column}))"
    return "to_json({column})" if kind.startswith(("STRUCT(", "MAP(", "UNION(")) or kind.endswith("]") else None
