"""Files as source: CSV, JSON lines or Parquet, named `subscribers*` or in a folder `subscribers/`."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from include.core.errors import SourceError, SourceUnavailable
from include.extract.contract import RELATIONS, Relation
from include.extract.csv_file import CsvFile, open_csv
from include.extract.file_options import FileOptions
from include.extract.json_lines import parse_json_lines
from include.extract.lenient_csv import parse_leniently
from include.extract.mapping import custom_query, landing_query, relation_query
from include.extract.parsed_file import ParsedFile
from include.extract.plain_text import plain_file
from include.extract.source_files import FileStore, SourceFile, complete_parquet, files_of, kind_of
from include.warehouse.connection import configure, run

BATCH_ROWS = 50_000
# A value that is not a time is always read, so that validation can quarantine its row.
SINCE = "coalesce(source_time(cast({column} as text)) >= $since, true)"
# The type of a map that was written as a list of pairs.
_PAIRS = 'STRUCT("key" '


Part = CsvFile | ParsedFile | SourceFile


class FolderSource:
    """The files of a relation are read as one table, with columns matched by name.

    CSV has one header line; what `options` does not name is detected. A line that cannot be read lands as its location, so
    that validation can quarantine it by line number.
    """

    def __init__(self, store: FileStore, options: FileOptions, scratch: Path | None = None) -> None:
        self._store, self._options, self._scratch = store, options, scratch
        self.location, self.is_partial = store.location, store.is_partial
        self._files = {name: files_of(name, store.names(name), store.location) for name in RELATIONS}
        self._connection = duckdb.connect()
        configure(self._connection)
        run(self._connection, "warehouse", "025_source_time")
        self._casts: dict[str, dict[str, str]] = {}
        self._parts: dict[str, list[Part]] = {}

    def has_relation(self, relation: Relation) -> bool:
        return bool(self._files[relation.name])

    def files(self, relation: Relation) -> list[str]:
        return self._files[relation.name]

    def columns(self, relation: Relation) -> dict[str, str]:
        for one in self._read_for(relation):
            with self._translated_errors(one.name):
                self._open(one)
        if self._is_empty(relation):
            return dict.fromkeys(relation.columns, "text")
        with self._translated_errors(relation.name):
            cursor = self._connection.execute(f"select * from (\n{relation_query(relation)}\n) as source limit 0")
            found = {column[0]: str(column[1]) for column in cursor.description or ()}
        self._casts[relation.name] = {name: cast for name, kind in found.items() if (cast := _cast(kind))}
        return found

    def batches(self, relation: Relation, found: Collection[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        if self._is_empty(relation):
            return
        query = landing_query(relation, found, self.location, SINCE, since, self._casts.get(relation.name))
        with self._translated_errors(relation.name):
            for one in self._read_for(relation):
                self._parse_malformed_csv(one)
            cursor = self._connection.execute(query, {"since": since} if since else {})
            yield from cursor.to_arrow_reader(BATCH_ROWS)
            yield from self._unreadable_lines(relation)
        for one in self._read_for(relation):
            self._verify(one.name)

    def close(self) -> None:
        self._connection.close()

    def _read_for(self, relation: Relation) -> list[Relation]:
        """The relations with files that the relation's query may read."""
        read = RELATIONS.values() if custom_query(relation) else (relation,)
        return [one for one in read if self._files[one.name]]

    def _open(self, relation: Relation) -> None:
        """Create the view over a relation's files. JSON lines are parsed here: their columns are in every line."""
        names = self._files[relation.name]
        if relation.name not in self._parts:
            self._parts[relation.name] = [self._part(relation, number, name) for number, name in enumerate(names)]
            self._create_view(relation.name)

    def _part(self, relation: Relation, number: int, name: str) -> Part:
        file, kind = self._store.fetch(name, self._scratch), kind_of(name)
        if kind == "Parquet":
            return complete_parquet(file)
        plain = plain_file(file, self._options, self._scratch)
        if kind == "CSV":
            return open_csv(plain, relation, self._options.delimiter)
        fields = self._options.fields + (relation.optional if self._store.is_partial else ())
        return parse_json_lines(plain, relation, self._parsed_folder(), f"{relation.name}-{number}", fields)

    def _is_empty(self, relation: Relation) -> bool:
        """Whether it has files of JSON lines without a line: they have no columns that a custom query could read."""
        parts = self._parts.get(relation.name, [])
        return bool(parts) and all(isinstance(part, ParsedFile) and part.is_empty for part in parts)

    def _parsed_folder(self) -> Path:
        if self._scratch is None:
            raise ValueError("reading rows needs a scratch folder")
        return self._scratch / "parsed"

    def _create_view(self, name: str) -> None:
        parts = self._parts[name]
        parquet = [str(part.path) for part in parts if isinstance(part, SourceFile)]
        views = [self._connection.read_parquet(parquet, union_by_name=True)] if parquet else []
        for part in parts:
            if isinstance(part, CsvFile):
                views.append(part.relation(self._connection))
            elif isinstance(part, ParsedFile):
                views.append(self._connection.read_parquet([str(path) for path in part.rows], union_by_name=True))
        for number, view in enumerate(views):
            view.create_view(f"{name}_{number}", replace=True)
        selects = (f"select * from {name}_{number}" for number in range(len(views)))
        self._connection.execute(f"create or replace view {name} as {' union all by name '.join(selects)}")

    def _parse_malformed_csv(self, relation: Relation) -> None:
        """Parse each CSV file that DuckDB cannot read, and let the view read the result instead of the file."""
        parts = self._parts[relation.name]
        for number, part in enumerate(parts):
            if isinstance(part, CsvFile) and not part.is_plain(self._connection):
                parts[number] = parse_leniently(part, relation.key, self._parsed_folder(), f"{relation.name}-{number}")
        self._create_view(relation.name)

    def _unreadable_lines(self, relation: Relation) -> Iterator[pa.RecordBatch]:
        """A row for every unreadable line: its key where it is known, and its location."""
        parsed = (part for part in self._parts.get(relation.name, ()) if isinstance(part, ParsedFile))
        names = [str(part.unreadable) for part in parsed if part.unreadable_count]
        if names:
            found = self._connection.read_parquet(names).project(f"key as {relation.key}, location as unreadable")
            yield from found.to_arrow_reader(BATCH_ROWS)

    def _verify(self, name: str) -> None:
        for file in self._files[name]:
            self._store.verify(file)

    @contextmanager
    def _translated_errors(self, name: str) -> Iterator[None]:
        """DuckDB's errors may quote a row, and a stream raises them as OSError: only the error's type is reported."""
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._verify(name)
            kind = SourceUnavailable if isinstance(error, duckdb.IOException) else SourceError
            raise kind(
                f"the files of {name} cannot be read: {type(error).__name__}.",
                where=self.location,
                remedy="CSV must have one header line, Parquet be complete. Do not write to a file while it is read.",
            ) from None


def _cast(kind: str) -> str | None:
    """The cast of a nested type to JSON text; a list of key-value pairs becomes an object. None for other types."""
    if kind.startswith(_PAIRS) and kind.endswith("[]"):
        return "to_json(map_from_entries({column}))"
    return "to_json({column})" if kind.startswith(("STRUCT(", "MAP(", "UNION(")) or kind.endswith("]") else None
