"""Land a relation: stream it from the source into immutable Parquet, one folder a run, with a manifest written last.

Everything lands as text, as the source says it; what it means is for validation to judge. A folder without a manifest is
not landed: it is what a killed run left, and the next try of the same run replaces it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from include.core import clock
from include.core.durable import sync_file, sync_folder, write_durably
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.extract.contract import RELATIONS, Relation
from include.extract.headers import matched
from include.extract.mapping import own_query
from include.extract.sources import missing, open_source
from include.extract.watermark import newest

PART_ROWS = 100_000
UNREADABLE = "unreadable"
"""The last landed column: the place of a line that is no row (`subscribers.csv:17`), NULL for rows."""
log = logging.getLogger(__name__)


def land(paths: DataPaths, source_url: str, relation: str, *, run: str, since: datetime | None) -> dict[str, Any]:
    """Land `relation` as of `run` and return its manifest. A run lands once: a second call returns the same manifest.

    `since` None is a full pass. Otherwise at least the rows changed from then on land (the caller subtracts the overlap
    from its watermark). The manifest: relation, run, landed_at (when landing began, ISO), folder (relative to the data
    folder), rows, sha256 (over the files' hashes), full, since, watermark (the newest change up to landed_at, ISO; None
    where no row had one: a row dated ahead must not hide what changes until then), files [{name, rows, sha256}], columns
    (those of the contract that the source shows), source_files (what a folder holds of the relation).
    Raises `SourceUnavailable` (may be retried), `SourceError`, `ConfigurationError`.
    """
    known = _known(relation)
    folder = paths.landed / relation / _folder_name(run)
    manifest = folder / "manifest.json"
    if manifest.is_file():
        return json.loads(manifest.read_text(encoding="utf-8"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = clock.now()
    files, shown = _write(folder, source_url, known, since)
    names = [str(folder / file["name"]) for file in files]
    content = {
        "relation": relation,
        "run": run,
        "landed_at": began.isoformat(),
        "folder": str(folder.relative_to(paths.root)),
        "rows": sum(file["rows"] for file in files),
        "sha256": hashlib.sha256("".join(file["sha256"] for file in files).encode()).hexdigest(),
        "full": since is None,
        "since": since.isoformat() if since else None,
        "watermark": newest(relation, names, began),
        "files": files,
        **shown,
    }
    sync_folder(folder.parent)
    write_durably(manifest, json.dumps(content, indent=1).encode())
    log.info("landed %d rows of %s in %d files", content["rows"], relation, len(files))
    return content


def _known(relation: str) -> Relation:
    if relation not in RELATIONS:
        raise ConfigurationError(
            f"knows no relation '{relation}'.", where="extract", remedy=f"Use one of {', '.join(RELATIONS)}."
        )
    return RELATIONS[relation]


def _folder_name(run: str) -> str:
    """A run id as a folder's name, reversible: '/' and ':' of Airflow's ids are quoted."""
    name = quote(run, safe="+ ")
    if not name.strip(". ") or len(name) > 240:
        raise ConfigurationError("cannot name a folder.", where=f"run id '{run}'", remedy="Use a shorter or plainer run id.")
    return name


def _write(
    folder: Path, source_url: str, relation: Relation, since: datetime | None
) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Land all rows; the files, and what the source shows of the relation."""
    scratch = folder / "scratch"
    with open_source(source_url, scratch) as source:
        if own_query(relation) is None and not source.has(relation):
            raise missing(source, relation)
        found = source.columns(relation)
        batches = source.batches(relation, found, since)
        parts = enumerate(_parts(relation, batches))
        files = [_write_part(folder / f"part-{number:04d}.parquet", part) for number, part in parts]
        shown = {"columns": list(matched(relation, found)), "source_files": source.files(relation)}
    shutil.rmtree(scratch, ignore_errors=True)
    return files, shown


def _parts(relation: Relation, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Regroup batches of any size into parts of `PART_ROWS`, numbered through from 0; an empty source is one empty part."""
    schema = pa.schema([(name, pa.string()) for name in (*relation.columns, UNREADABLE)])
    held: list[pa.RecordBatch] = []
    rows = first = 0
    for batch in batches:
        held.append(_whole(batch, schema))
        rows += batch.num_rows
        while rows >= PART_ROWS:
            table = pa.Table.from_batches(held)
            yield _numbered(table.slice(0, PART_ROWS), first)
            rest = table.slice(PART_ROWS)
            held, rows, first = rest.to_batches(), rest.num_rows, first + PART_ROWS
    if rows or not first:
        yield _numbered(pa.Table.from_batches(held, schema=schema), first)


def _whole(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with every column of the schema, NULL where it has none."""
    absent = pa.nulls(batch.num_rows, pa.string())
    columns = [batch[name].cast(pa.string()) if name in batch.schema.names else absent for name in schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _numbered(part: pa.Table, first: int) -> pa.Table:
    return part.add_column(0, "row_number", pa.array(range(first, first + part.num_rows), pa.int64()))


def _write_part(path: Path, part: pa.Table) -> dict[str, Any]:
    pq.write_table(part, path, compression="zstd")
    sync_file(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "rows": part.num_rows, "sha256": digest}
