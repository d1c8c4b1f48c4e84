"""Several sources as one: each is read in full, then the rows of a subscriber are combined by SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from include.core import sqlfile
from include.core.errors import SourceError
from include.extract.columns import match_columns
from include.extract.combination import Combination, NamedSource
from include.extract.contract import SUBSCRIBERS, Relation
from include.extract.mapping import custom_query, mapping_folder
from include.warehouse.connection import configure, fetch, run

BATCH_ROWS = 50_000


class CombinedSource:
    """Every pass reads every source in full: a changed row of one source needs the unchanged rows of the others."""

    is_partial = False

    def __init__(self, combination: Combination, scratch: Path | None) -> None:
        self._combination, self._scratch = combination, scratch
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
        return self._files.get(relation.name, [])

    def columns(self, relation: Relation) -> dict[str, str]:
        """Copy the relation from every source that has it; returns the columns of the contract that one of them has."""
        copies, found = dict[str, Path](), set[str]()
        for source in self._combination.sources:
            if _has(source, relation):
                copies[source.name], columns = self._copy(source, relation)
                found |= columns
        self._copies[relation.name] = copies
        return {column: "text" for column in relation.columns if column in found}

    def batches(self, relation: Relation, found: Collection[str], since: datetime | None) -> Iterator[pa.RecordBatch]:  # noqa: ARG002  (every pass is full)
        statement = sqlfile.load("extract", f"{relation.name}_combine").statement
        try:
            reader = self._connection.execute(statement, self._parameters(relation)).to_arrow_reader(BATCH_ROWS)
            for batch in reader:
                yield batch.select([name for name in batch.schema.names if name != "origins"])
        except (duckdb.Error, pa.ArrowException) as error:
            raise SourceError(f"cannot be combined ({type(error).__name__}).", where=self.location) from None

    def origins(self, subscriber_id: str) -> dict[str, str]:
        """Column → the name of the source from which this subscriber's value is taken; empty if no source has the id."""
        self.columns(SUBSCRIBERS)
        names = {str(path): name for name, path in self._copies[SUBSCRIBERS.name].items()}
        rows = fetch(self._connection, "extract", "subscribers_combine", self._parameters(SUBSCRIBERS)).to_pylist()
        found = next((row["origins"] for row in rows if row["subscriber_id"] == subscriber_id), None) or {}
        return {column: names[path] for column, path in found.items() if path}

    def close(self) -> None:
        self._connection.close()

    def _parameters(self, relation: Relation) -> dict[str, Any]:
        paths = {name: str(path) for name, path in self._copies[relation.name].items()}
        parameters: dict[str, Any] = {"files": list(paths.values())}
        if relation is SUBSCRIBERS:
            order = {column: self._combination.order(column) for column in SUBSCRIBERS.columns}
            parameters["precedence"] = {
                column: [paths[name] for name in names if name in paths] for column, names in order.items()
            }
        return parameters

    def _copy(self, source: NamedSource, relation: Relation) -> tuple[Path, set[str]]:
        """Copy the relation of one source as it would land on its own; returns the file and the contract's columns."""
        from include.extract.sources import open_source

        if self._scratch is None:
            raise ValueError("reading rows needs a scratch folder")
        path = self._scratch / "combined" / f"{relation.name}-{source.name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = pa.schema([(name, pa.string()) for name in (*relation.columns, "unreadable")])
        with mapping_folder(source.mapping), open_source(source.url, self._scratch / source.name) as opened:
            found = opened.columns(relation)
            with pq.ParquetWriter(path, schema) as writer:
                for batch in opened.batches(relation, found, None):
                    writer.write_batch(_complete(batch, schema, source.name))
            files = [f"{source.name}/{name}" for name in opened.files(relation)]
        self._files.setdefault(relation.name, []).extend(files)
        return path, set(match_columns(relation, found))


def _has(source: NamedSource, relation: Relation) -> bool:
    from include.extract.sources import open_source

    with mapping_folder(source.mapping), open_source(source.url) as opened:
        return custom_query(relation) is not None or opened.has_relation(relation)


def _complete(batch: pa.RecordBatch, schema: pa.Schema, source: str) -> pa.RecordBatch:
    """The batch with every column as text; the location of an unreadable line names the source."""
    nulls = pa.nulls(batch.num_rows, pa.string())
    columns = [batch[name].cast(pa.string()) if name in batch.schema.names else nulls for name in schema.names]
    if "unreadable" in batch.schema.names:
        columns[-1] = pa.array([f"{source}/{location}" for location in columns[-1].to_pylist()], pa.string())
    return pa.RecordBatch.from_arrays(columns, schema=schema)
