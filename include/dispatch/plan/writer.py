"""Writes a plan's files (described in `plan_files`): parts with filled slots, and the audience with everybody's state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.disk import require_room
from include.core.durable import file_sha256, sync_file, sync_folder, write_durably
from include.core.errors import PlanError
from include.dispatch.plan.chunking import Chunking
from include.dispatch.plan_files import (
    AUDIENCE,
    CHUNKS_PER_FILE,
    OTHER_ADDRESSES,
    WIRE_COLUMNS,
    part_name,
    slot_columns,
)

Chunks = Sequence[Mapping[str, Any]]
"""Rows of chunks.sql, in the order of people.sql."""
COLUMNS = ("mail_group", "subscriber_id", *WIRE_COLUMNS)
"""Columns of people.sql that are always needed, beside the fields of the slots."""
_REPEATING = ["variant", "mailbox_provider", "state", "reason"]


class Filler(Protocol):
    """Computes the slot values of people: one string array per slot."""

    def fill(self, people: pa.Table) -> list[pa.Array]: ...


class PlanWriter:
    """Writes planned people in the order of their chunks, then the others. Streams: a batch and two parts are in memory.

    One part is compressed and written while the next is filled. `slots` is the largest number of columns of any filler.
    """

    def __init__(self, folder: Path, fillers: Mapping[str, Filler], slots: int) -> None:
        self._folder, self._fillers, self._slots = folder, fillers, slots
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="parts")
        self._written: list[Future[None]] = []
        self._audience = pq.ParquetWriter(
            folder / "audience.parquet", AUDIENCE, compression="lz4", use_dictionary=_REPEATING, write_statistics=False
        )

    def __enter__(self) -> PlanWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._threads.shutdown()
        self._audience.close()

    def write_people(self, people: Iterable[pa.RecordBatch], chunking: Chunking) -> None:
        """Fill the slots of `people` and write the parts. Raises `PlanError` if people and chunks do not match."""
        chunks, contents = chunking.chunks, chunking.contents()
        parts = [chunks[first : first + CHUNKS_PER_FILE] for first in range(0, len(chunks), CHUNKS_PER_FILE)]
        rows = [sum(chunk["recipients"] for chunk in part) for part in parts]
        for number, (part, table) in enumerate(zip(parts, regroup(self._filled(people, contents), rows), strict=True)):
            self._await_writes()
            if number == 1:
                self._require_room(rows)
            sizes = [chunk["recipients"] for chunk in part]
            if table["mail_group"].to_pylist() != _repeated(part, "mail_group", sizes).to_pylist():
                raise missing_addresses()
            self._written = [
                self._threads.submit(self._write_part, number, table),
                self._threads.submit(self._write_audience, part, sizes, table),
            ]
        self._await_writes()

    def write_not_planned(self, rest: pa.RecordBatchReader) -> None:
        """Write the selected people who were not planned."""
        for batch in rest:
            self._audience.write_table(pa.Table.from_batches([batch]).cast(AUDIENCE))
        self._audience.close()
        sync_file(self._folder / "audience.parquet")

    def _require_room(self, rows: Sequence[int]) -> None:
        """Raise `DiskTooSmall` if the other parts will not fit, if they are like the first one, which is written."""
        first = sum(path.stat().st_size for path in self._folder.iterdir())
        require_room(self._folder, first * sum(rows[1:]) // rows[0], f"the plan of {sum(rows):,} people")

    def _await_writes(self) -> None:
        """Wait for the background writes; raise their errors."""
        for written in self._written:
            written.result()

    def _filled(self, people: Iterable[pa.RecordBatch], contents: Mapping[int, str]) -> Iterator[pa.Table]:
        """The same people with slot values instead of the fields."""
        for batch in people:
            for group, run in group_runs(batch):
                values = self._fillers[contents[group]].fill(run)
                empty = [pa.nulls(run.num_rows, pa.string())] * (self._slots - len(values))
                columns = {name: run[name] for name in COLUMNS}
                for name, value in zip(slot_columns(self._slots), [*values, *empty], strict=True):
                    columns[name] = value.cast(pa.string()) if pa.types.is_dictionary(value.type) else value
                yield pa.table(columns)

    def _write_part(self, number: int, table: pa.Table) -> None:
        slots = slot_columns(self._slots)
        # LZ4, since reading zstd took a quarter of the sending time; dictionaries only for columns whose values repeat.
        path = self._folder / part_name(number)
        wire = table.select([*WIRE_COLUMNS, *slots])
        pq.write_table(wire, path, compression="lz4", use_dictionary=slots, write_statistics=False)
        sync_file(path)

    def _write_audience(self, chunks: Chunks, sizes: Sequence[int], table: pa.Table) -> None:
        """Write the audience rows of people who are in chunks."""
        columns = {
            **{name: table[name] for name in ("message_key", "subscriber_id", "address_key")},
            "variant": _repeated(chunks, "variant", sizes),
            "mailbox_provider": _repeated(chunks, "provider", sizes),
            "state": pa.repeat("planned", table.num_rows),
            "reason": pa.nulls(table.num_rows, pa.string()),
            "chunk": _repeated(chunks, "chunk", sizes),
            "row": pa.array(np.concatenate([np.arange(size, dtype=np.int32) for size in sizes])),
            **{name: pa.nulls(table.num_rows, pa.string()) for name in ("lost_to_campaign", "lost_to_occurrence")},
        }
        self._audience.write_table(pa.table(columns).cast(AUDIENCE))


def chunk_rows(chunks: Chunks) -> Iterator[dict[str, Any]]:
    """The ledger's rows of the chunks, with the place of each in the parts."""
    first = 0
    for place, chunk in enumerate(chunks):
        first = 0 if place % CHUNKS_PER_FILE == 0 else first
        yield {
            "chunk": chunk["chunk"],
            "root": chunk["chunk"],
            "file": part_name(place // CHUNKS_PER_FILE),
            "first_row": first,
            "root_size": chunk["recipients"],
            "recipients": chunk["recipients"],
            "content": chunk["content"],
            "provider": chunk["provider"],
            "zone": chunk["zone"] or None,
            "send_at": chunk["send_at"],
            "not_after": chunk["not_after"],
        }
        first += chunk["recipients"]


def regroup(tables: Iterable[pa.Table], sizes: Sequence[int]) -> Iterator[pa.Table]:
    """The same rows in tables of the given sizes. Raises `PlanError` if there are more or fewer."""
    stream, held = iter(tables), list[pa.Table]()
    for size in sizes:
        while sum(table.num_rows for table in held) < size:
            table = next(stream, None)
            if table is None:
                raise missing_addresses()
            held.append(table)
        whole = pa.concat_tables(held)
        yield whole.slice(0, size)
        held = [whole.slice(size)] if whole.num_rows > size else []
    if held or next(stream, None) is not None:
        raise missing_addresses()


def group_runs(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.Table]]:
    """Split a batch into runs of one group each; a group's people are contiguous."""
    groups = batch["mail_group"].to_numpy(zero_copy_only=False)
    edges = [0, *(np.flatnonzero(groups[1:] != groups[:-1]) + 1).tolist(), batch.num_rows]
    for start, stop in pairwise(edges):
        if stop > start:
            yield int(groups[start]), pa.Table.from_batches([batch.slice(start, stop - start)])


def missing_addresses() -> PlanError:
    """A planned person has no row with an address; raising is better than dropping them silently."""
    return PlanError(
        "planned people have no address in core.identities.",
        where="dispatch/people.sql",
        remedy="Run ingest_subscribers with full=true, then plan again.",
    )


def _repeated(chunks: Chunks, name: str, sizes: Sequence[int]) -> pa.Array:
    """Each chunk's value, repeated for each of its people."""
    return pa.array([chunk[name] for chunk in chunks]).take(pa.array(np.repeat(np.arange(len(chunks)), sizes)))


def write_chunks(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `chunks.json`."""
    write_durably(folder / "chunks.json", orjson.dumps(rows))


def write_other_addresses(folder: Path, others: pa.Table) -> None:
    """Write `other_addresses.parquet` (columns other_key, address_key)."""
    pq.write_table(others, folder / OTHER_ADDRESSES, compression="lz4")
    sync_file(folder / OTHER_ADDRESSES)


def write_contents(folder: Path, contents: Mapping[str, Mapping[str, Any]]) -> None:
    """Write `contents.json`."""
    write_durably(folder / "contents.json", orjson.dumps(contents, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def write_manifest(folder: Path) -> str:
    """Write the manifest of all files in the folder durably; return its sha256."""
    files = [
        path for path in sorted(folder.iterdir()) if path.suffix in (".parquet", ".json") and path.name != "manifest.json"
    ]
    manifest = orjson.dumps({path.name: file_sha256(path) for path in files}, option=orjson.OPT_INDENT_2)
    write_durably(folder / "manifest.json", manifest)
    sync_folder(folder.parent)
    return hashlib.sha256(manifest).hexdigest()
