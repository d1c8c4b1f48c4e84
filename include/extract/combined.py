"""Several sources as one: the rows of a subscriber in all of them are combined by SQL."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.core import sqlfile
from include.core.errors import SourceError
from include.extract.changed_rows import Changed
from include.extract.columns import match_columns
from include.extract.combination import Combination, NamedSource
from include.extract.contract import SUBSCRIBERS, Relation
from include.extract.mapping import custom_query, mapping_folder
from include.extract.watermark import newest_change
from include.warehouse.connection import configure, run

if TYPE_CHECKING:
    from include.extract.sources import Source

BATCH_ROWS = 50_000
PARTS, ROWS_AT_ONCE = 64, 100_000
"""Rows are distributed by their id to so many files per source; so many rows are combined at once, to bound the memory."""

MAX_CHANGED = 500_000
"""With more changed rows, an incremental pass takes every row: their ids are in memory."""
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


class CombinedSource:
    """A full pass reads every source in full.

    An incremental pass, with `since` by name of source, asks each source for its changed rows. Their ids land with the rows
    of all sources: a changed row of one source needs the unchanged rows of the others, which are read in full for it.
    Without a change, nothing more is read. A source that `since` does not name has only changed rows.
    """

    def __init__(self, combination: Combination, scratch: Path | None, since: Mapping[str, datetime] | None = None) -> None:
        self._combination, self._scratch, self._since = combination, scratch, since
        self.is_partial = False
        self.location = f"sources {', '.join(source.name for source in combination.sources)}"
        self._copies: dict[str, dict[str, Path]] = {}
        self._files: dict[str, list[str]] = {}
        self._connection = duckdb.connect()
        if scratch:
            scratch.mkdir(parents=True, exist_ok=True)
        configure(self._connection, scratch / "spill" if scratch else None)
        for name in ("025_source_time", "026_says_no"):
            run(self._connection, "warehouse", name)

    def has_relation(self, relation: Relation) -> bool:
        return any(_has(source, relation) for source in self._combination.sources)

    def files(self, relation: Relation) -> list[str]:
        return list(dict.fromkeys(self._files.get(relation.name, [])))

    def columns(self, relation: Relation) -> dict[str, str]:
        """Copy the relation from every source that has it; returns the columns of the contract that one of them has."""
        copies, found = dict[str, Path](), set[str]()
        having = [source for source in self._combination.sources if _has(source, relation)]
        changed = None if self._since is None else self._changed(having, relation, self._since)
        self.is_partial = changed is not None and not changed.keys
        for source in having:
            copies[source.name], columns = self._copy(source, relation, changed)
            found |= columns
        self._copies[relation.name] = copies
        return {column: "text" for column in relation.columns if column in found}

    def batches(self, relation: Relation, found: Collection[str], since: datetime | None) -> Iterator[pa.RecordBatch]:  # noqa: ARG002  (the copies have what changed)
        for reader in self._combined(relation):
            for batch in reader:
                yield batch.select([name for name in batch.schema.names if name != "origins"])

    def origins(self, subscriber_id: str) -> dict[str, str]:
        """Column → the name of the source from which this subscriber's value is taken; empty if no source has the id."""
        self.columns(SUBSCRIBERS)
        batches = (batch for reader in self._combined(SUBSCRIBERS) for batch in reader)
        rows = (row for batch in batches for row in batch.select(["subscriber_id", "origins"]).to_pylist())
        found = next((row["origins"] for row in rows if row["subscriber_id"] == subscriber_id), None) or {}
        return {column: source for column, source in found.items() if source}

    def watermarks(self, relation: Relation, latest: datetime) -> dict[str, str]:
        """By source: the newest change up to `latest` among the copied rows; in a full pass, of every source."""
        found = {}
        for name, folder in self._copies[relation.name].items():
            newest = newest_change(relation.name, [str(path) for path in folder.glob("*.parquet")], latest)
            if newest or self._since is None:
                found[name] = newest or _ALWAYS.isoformat()
        return found

    def _combined(self, relation: Relation) -> Iterator[pa.RecordBatchReader]:
        """The combined rows, part by part: all rows of an id are in the same part."""
        statement = sqlfile.load("extract", f"{relation.name}_combine").statement
        try:
            for files in self._portions(relation):
                parameters = self._parameters(relation) | {"files": files}
                yield self._connection.execute(statement, parameters).to_arrow_reader(BATCH_ROWS)
        except (duckdb.Error, pa.ArrowException) as error:
            raise SourceError(f"cannot be combined ({type(error).__name__}).", where=self.location) from None

    def _portions(self, relation: Relation) -> Iterator[list[str]]:
        """The files of some parts, of all sources: at least `ROWS_AT_ONCE` rows at a time, except for the last."""
        files, rows = list[str](), 0
        for part in range(PARTS):
            paths = [folder / f"{part}.parquet" for folder in self._copies[relation.name].values()]
            files += map(str, paths)
            rows += sum(pq.read_metadata(path).num_rows for path in paths)
            if rows >= ROWS_AT_ONCE:
                yield files
                files, rows = [], 0
        if files:
            yield files

    def close(self) -> None:
        self._connection.close()

    def _parameters(self, relation: Relation) -> dict[str, Any]:
        parameters: dict[str, Any] = {"sources": [source.name for source in self._combination.sources]}
        if relation is SUBSCRIBERS:
            parameters["precedence"] = {column: self._combination.order(column) for column in SUBSCRIBERS.columns}
        return parameters

    def _changed(self, having: list[NamedSource], relation: Relation, since: Mapping[str, datetime]) -> Changed | None:
        """What changed in each source; None for everything."""
        changed = Changed(set(), {})
        for source in having:
            with self._open(source, since.get(source.name, _ALWAYS)) as opened:
                found = opened.columns(relation)
                self._note_files(source, relation, opened)
                for batch in opened.batches(relation, found, since.get(source.name, _ALWAYS)):
                    changed.add(source.name, _complete(batch, _schema(relation), source.name), relation.key)
                    if len(changed.keys) > MAX_CHANGED:
                        return None
        return changed

    @contextmanager
    def _open(self, source: NamedSource, since: datetime | None) -> Iterator[Source]:
        from include.extract.sources import open_source

        if self._scratch is None:
            raise ValueError("reading rows needs a scratch folder")
        scratch = self._scratch / source.name / ("all" if since is None else "changed")
        with mapping_folder(source.mapping), open_source(source.url, scratch, since) as opened:
            yield opened
        shutil.rmtree(scratch, ignore_errors=True)

    def _note_files(self, source: NamedSource, relation: Relation, opened: Source) -> None:
        self._files.setdefault(relation.name, []).extend(f"{source.name}/{name}" for name in opened.files(relation))

    def _copy(self, source: NamedSource, relation: Relation, changed: Changed | None) -> tuple[Path, set[str]]:
        """Copy the relation of one source as it would land on its own; returns the folder and the contract's columns.

        Of the rows, only those of `changed` ids; rows without an id are already in it.
        """
        if self._scratch is None:
            raise ValueError("reading rows needs a scratch folder")
        folder = self._scratch / "combined" / relation.name / source.name
        folder.mkdir(parents=True, exist_ok=True)
        if changed is not None and not changed.keys:
            _write_parts(folder, changed.without_key(source.name), relation)
            return folder, set(relation.columns)
        with self._open(source, None) as opened:
            found = opened.columns(relation)
            rows = (_complete(batch, _schema(relation), source.name) for batch in opened.batches(relation, found, None))
            kept = rows if changed is None else chain(changed.without_key(source.name), changed.of_keys(rows, relation.key))
            _write_parts(folder, kept, relation)
            self._note_files(source, relation, opened)
        return folder, set(match_columns(relation, found))


def _schema(relation: Relation) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in (*relation.columns, "unreadable", "source")])


def _write_parts(folder: Path, batches: Iterator[pa.RecordBatch], relation: Relation) -> None:
    """Distribute the rows to `PARTS` files by a hash of their key."""
    schema = _schema(relation)
    with ExitStack() as stack:
        writers = [stack.enter_context(pq.ParquetWriter(folder / f"{part}.parquet", schema)) for part in range(PARTS)]
        for whole in batches:
            keys = (zlib.crc32((key or "").encode()) % PARTS for key in whole[relation.key].to_pylist())
            parts = np.fromiter(keys, np.int64, whole.num_rows)
            ordered, ends = (
                whole.take(pa.array(np.argsort(parts, kind="stable"))),
                np.bincount(parts, minlength=PARTS).cumsum(),
            )
            for part in np.unique(parts):
                start = ends[part - 1] if part else 0
                writers[part].write_batch(ordered.slice(start, ends[part] - start))


def _has(source: NamedSource, relation: Relation) -> bool:
    from include.extract.sources import open_source

    with mapping_folder(source.mapping), open_source(source.url) as opened:
        return custom_query(relation) is not None or opened.has_relation(relation)


def _complete(batch: pa.RecordBatch, schema: pa.Schema, source: str) -> pa.RecordBatch:
    """The batch with every column as text, and its source; the location of an unreadable line names the source too."""
    nulls = pa.nulls(batch.num_rows, pa.string())
    columns = {name: batch[name].cast(pa.string()) if name in batch.schema.names else nulls for name in schema.names}
    if "unreadable" in batch.schema.names:
        located = [location and f"{source}/{location}" for location in columns["unreadable"].to_pylist()]
        columns["unreadable"] = pa.array(located, pa.string())
    columns["source"] = pa.array([source] * batch.num_rows, pa.string())
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)
