"""Land a relation: stream it from the source into immutable Parquet, one folder per run, with the manifest written last.

Every value lands as text, as the source has it; validation interprets it. A folder without a manifest was left by a killed
run and is replaced by the next try of that run.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from include.core import clock
from include.core.durable import sync_file, sync_folder, write_durably
from include.core.errors import ConfigurationError
from include.core.manifest import LandedFile, Manifest, source_fingerprint
from include.core.paths import DataPaths
from include.extract.columns import match_columns, named_types
from include.extract.combination import Combination
from include.extract.combined import CombinedSource
from include.extract.contract import RELATIONS, Relation
from include.extract.mapping import custom_query
from include.extract.sources import Since, missing_relation_error, open_source
from include.extract.watermark import newest_change

PART_ROWS = 100_000
UNREADABLE = "unreadable"
"""The last landed column: the location of an unreadable line (`subscribers.csv:17`), NULL for rows."""
log = logging.getLogger(__name__)


class _Written(NamedTuple):
    """What was landed: the Parquet files, and of the source the contract's columns, all columns with types, and files.

    Of several sources, each with its watermark.
    """

    files: list[LandedFile]
    columns: list[str]
    source_columns: dict[str, str]
    source_files: list[str]
    watermarks: dict[str, str]


def land(paths: DataPaths, source: str | Combination, relation: str, *, run: str, since: Since) -> Manifest:
    """Land `relation` under the id `run` and return its manifest. A run lands once: a second call returns the same manifest.

    `source` is the URL of a connection, or several sources, with a `since` each. `since` None is a full pass. Otherwise at
    least the rows changed from then on land (the caller subtracts the overlap from its watermark). A watermark never exceeds
    `landed_at`: a row with a future time must not hide later changes.
    Raises `SourceUnavailable` (retryable), `SourceError`, `ConfigurationError`.
    """
    contract = _contract(relation)
    folder = paths.landed / relation / _folder_name(run)
    path = folder / "manifest.json"
    if path.is_file():
        manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
        return manifest
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    landed_at = clock.now()
    start = min(since.values(), default=None) if isinstance(since, Mapping) else since
    written = _write_parts(folder, source, contract, since, landed_at)
    names = [str(folder / file["name"]) for file in written.files]
    manifest = {
        "relation": relation,
        "run": run,
        "landed_at": landed_at.isoformat(),
        "folder": str(folder.relative_to(paths.root)),
        "rows": sum(file["rows"] for file in written.files),
        "sha256": hashlib.sha256("".join(file["sha256"] for file in written.files).encode()).hexdigest(),
        "full": since is None,
        "since": start.isoformat() if start else None,
        "watermark": newest_change(relation, names, landed_at),
        "watermarks": written.watermarks,
        "files": written.files,
        "columns": written.columns,
        "source_columns": written.source_columns,
        "source_files": written.source_files,
        "source": source.fingerprint if isinstance(source, Combination) else source_fingerprint(source),
    }
    sync_folder(folder.parent)
    write_durably(path, json.dumps(manifest, indent=1).encode())
    log.info("landed %d rows of %s in %d files", manifest["rows"], relation, len(written.files))
    return manifest


def _contract(relation: str) -> Relation:
    if relation not in RELATIONS:
        raise ConfigurationError(
            f"the relation '{relation}' is unknown.", where="extract", remedy=f"Use one of {', '.join(RELATIONS)}."
        )
    return RELATIONS[relation]


def _folder_name(run: str) -> str:
    """A run id as a folder name, reversible: '/' and ':' in Airflow's ids are percent-encoded."""
    name = quote(run, safe="+ ")
    if not name.strip(". ") or len(name) > 240:
        raise ConfigurationError(
            "is not usable as a folder name.", where=f"run id '{run}'", remedy="Use a shorter or plainer run id."
        )
    return name


def _write_parts(
    folder: Path, address: str | Combination, relation: Relation, since: Since, landed_at: datetime
) -> _Written:
    scratch = folder / "scratch"
    with open_source(address, scratch, since) as source:
        if custom_query(relation) is None and not source.has_relation(relation):
            raise missing_relation_error(source, relation)
        found = source.columns(relation)
        batches = source.batches(relation, found, since if isinstance(since, datetime) else None)
        parts = enumerate(_regroup(relation, batches))
        files = _write_in_background((folder / f"part-{number:04d}.parquet", part) for number, part in parts)
        types = {} if source.is_partial else named_types(found)
        marks = source.watermarks(relation, landed_at) if isinstance(source, CombinedSource) else {}
        written = _Written(files, list(match_columns(relation, found)), types, source.files(relation), marks)
    shutil.rmtree(scratch, ignore_errors=True)
    return written


def _regroup(relation: Relation, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Regroup batches of any size into parts of `PART_ROWS` with row numbers from 0; an empty source is one empty part."""
    schema = pa.schema([(name, pa.string()) for name in (*relation.columns, UNREADABLE)])
    pending: list[pa.RecordBatch] = []
    rows = first = 0
    for batch in batches:
        pending.append(_with_all_columns(batch, schema))
        rows += batch.num_rows
        while rows >= PART_ROWS:
            table = pa.Table.from_batches(pending)
            yield _add_row_numbers(table.slice(0, PART_ROWS), first)
            rest = table.slice(PART_ROWS)
            pending, rows, first = rest.to_batches(), rest.num_rows, first + PART_ROWS
    if rows or not first:
        yield _add_row_numbers(pa.Table.from_batches(pending, schema=schema), first)


def _with_all_columns(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with every column of the schema, NULL where it has none."""
    nulls = pa.nulls(batch.num_rows, pa.string())
    columns = [batch[name].cast(pa.string()) if name in batch.schema.names else nulls for name in schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _add_row_numbers(part: pa.Table, first: int) -> pa.Table:
    return part.add_column(0, "row_number", pa.array(range(first, first + part.num_rows), pa.int64()))


def _write_in_background(parts: Iterator[tuple[Path, pa.Table]]) -> list[LandedFile]:
    """Write each part while the next one is read: two parts are in memory, and neither the source nor the disk waits."""
    files: list[LandedFile] = []
    under_way: Future[LandedFile] | None = None
    with ThreadPoolExecutor(max_workers=1) as writer:
        for path, part in parts:
            if under_way:
                files.append(under_way.result())
            under_way = writer.submit(_write_part, path, part)
        if under_way:
            files.append(under_way.result())
    return files


def _write_part(path: Path, part: pa.Table) -> LandedFile:
    pq.write_table(part, path, compression="zstd")
    sync_file(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "rows": part.num_rows, "sha256": digest}
