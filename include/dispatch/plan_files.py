"""A frozen plan on disk.

    plans/<campaign>/<occurrence>/
        audience.parquet      everybody selected: key, verdict, reason, place; no address
        contents.json         what is the same for everybody, a content an id, with the slots' tags in place
        part-0000.parquet     what differs: a row a message, in the order of chunks, slot values computed
        manifest.json         sha256 and rows of each file above, written last; its own sha256 is in the ledger

Nothing in it changes after the plan's transaction; a file that does not have its hash is not sent from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core.durable import sync_file, sync_folder, write_durably
from include.core.errors import PlanDamaged

CHUNK_SIZE = 1_000
"""SendGrid takes up to 1,000 personalizations a request."""
CHUNKS_A_FILE = 20
"""A sender holds one file in memory."""

WIRE_COLUMNS = ("message_key", "email", "address_key", "token")
"""What the sender reads of a person, beside the slots."""
OF_CHUNK = ("chunk", "content", "mailbox_provider", "zone", "send_at", "not_after")
"""What is the same for a whole chunk and goes to the ledger."""


class Filler(Protocol):
    """Computes the slot values of people: one string array a slot."""

    def fill(self, people: pa.Table) -> list[pa.Array]: ...


@dataclass
class _Part:
    """One file being collected: tables in order, and the chunks in them."""

    tables: list[pa.Table] = field(default_factory=list)
    rows: int = 0


def slot_columns(count: int) -> list[str]:
    """The names of the columns that hold slot values."""
    return [f"slot_{number}" for number in range(count)]


def write_parts(
    folder: Path, people: pa.RecordBatchReader, fillers: Mapping[str, Filler], slots: int
) -> Iterator[dict[str, Any]]:
    """Fill the slots of `people` (ordered by chunk) and write the parts; yields a ledger row for each chunk.

    `slots` is the most that any content has. Streams: a batch and a part are in memory, whatever the length of the list.
    """
    part, number = _Part(), 0
    for batch in people:
        for run in runs(batch, "content"):
            filled = _filled(run, fillers, slots)
            for piece in runs(filled, "file"):
                if piece["file"][0].as_py() != number and part.tables:
                    yield from _close(folder, number, part)
                    part = _Part()
                number = piece["file"][0].as_py()
                part.tables.append(piece)
    if part.tables:
        yield from _close(folder, number, part)


def _filled(people: pa.Table, fillers: Mapping[str, Filler], slots: int) -> pa.Table:
    """The wire's columns of people who share one content."""
    values = fillers[people["content"][0].as_py()].fill(people)
    empty = pa.nulls(people.num_rows, pa.string())
    columns = {name: people[name] for name in (*OF_CHUNK, *WIRE_COLUMNS)}
    columns["file"] = pc.divide(people["chunk"], CHUNKS_A_FILE)
    for name, value in zip(slot_columns(slots), [*values, *[empty] * (slots - len(values))], strict=True):
        columns[name] = pc.cast(value, pa.string()) if pa.types.is_dictionary(value.type) else value
    return pa.table(columns)


def runs(rows: pa.Table | pa.RecordBatch, column: str) -> Iterator[pa.Table]:
    """The rows in pieces within which `column` has one value; equal values stand together."""
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
    codes = table[column].combine_chunks()
    codes = codes.dictionary_encode().indices if pa.types.is_string(codes.type) else codes
    numbers = codes.to_numpy(zero_copy_only=False)
    edges = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), table.num_rows]
    for start, stop in pairwise(edges):
        if stop > start:
            yield table.slice(start, stop - start)


def _close(folder: Path, number: int, part: _Part) -> Iterator[dict[str, Any]]:
    """Write one part and describe its chunks."""
    name = f"part-{number:04d}.parquet"
    table = pa.concat_tables(part.tables)
    keep = [column for column in table.column_names if column not in (*OF_CHUNK, "file")]
    # LZ4, since reading zstd was a quarter of sending; a dictionary only where values may come again.
    repeating = [column for column in keep if column not in WIRE_COLUMNS]
    pq.write_table(table.select(keep), folder / name, compression="lz4", use_dictionary=repeating)
    sync_file(folder / name)
    ids = table["chunk"].to_numpy()
    first_rows = [0, *(np.flatnonzero(ids[1:] != ids[:-1]) + 1).tolist()]
    sizes = np.diff([*first_rows, table.num_rows]).tolist()
    for first, size in zip(first_rows, sizes, strict=True):
        chunk = int(ids[first])
        yield {
            "chunk": chunk,
            "root": chunk,
            "file": name,
            "first_row": first,
            "root_size": size,
            "recipients": size,
            "content": table["content"][first].as_py(),
            "provider": table["mailbox_provider"][first].as_py(),
            "zone": table["zone"][first].as_py() or None,
            "send_at": table["send_at"][first].as_py(),
            "not_after": table["not_after"][first].as_py(),
        }


def write_audience(folder: Path, audience: pa.RecordBatchReader) -> None:
    """Write `audience.parquet`, streaming."""
    with pq.ParquetWriter(folder / "audience.parquet", audience.schema, compression="zstd", compression_level=1) as writer:
        for batch in audience:
            writer.write_batch(batch)
    sync_file(folder / "audience.parquet")


def write_contents(folder: Path, contents: Mapping[str, Mapping[str, Any]]) -> None:
    """Write `contents.json`."""
    write_durably(folder / "contents.json", orjson.dumps(contents, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def write_manifest(folder: Path) -> str:
    """Write the manifest over everything in the folder, make it durable, and return its sha256."""
    files = [
        path for path in sorted(folder.iterdir()) if path.suffix in (".parquet", ".json") and path.name != "manifest.json"
    ]
    manifest = orjson.dumps({path.name: file_sha256(path) for path in files}, option=orjson.OPT_INDENT_2)
    write_durably(folder / "manifest.json", manifest)
    sync_folder(folder.parent)
    return hashlib.sha256(manifest).hexdigest()


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class PlanReader:
    """Reads a frozen plan, and refuses what is not as it was frozen."""

    def __init__(self, folder: Path, manifest_sha256: str) -> None:
        self.folder = folder
        manifest = self._bytes("manifest.json")
        if hashlib.sha256(manifest).hexdigest() != manifest_sha256:
            raise _damaged(folder / "manifest.json")
        self._hashes: dict[str, str] = orjson.loads(manifest)
        self.contents: dict[str, dict[str, Any]] = orjson.loads(self._verified("contents.json"))
        self._part: tuple[str, pa.Table] | None = None

    def people(self, file: str, first_row: int, size: int) -> pa.Table:
        """The wire rows of one root chunk. Keeps the last part in memory, since chunks come in order."""
        if self._part is None or self._part[0] != file:
            self._part = None
            self._part = (file, pq.ParquetFile(pa.BufferReader(self._verified(file))).read())
        return self._part[1].slice(first_row, size)

    def audience(self) -> Path:
        """The audience file, verified."""
        self._verified("audience.parquet")
        return self.folder / "audience.parquet"

    def _verified(self, name: str) -> bytes:
        content = self._bytes(name)
        if hashlib.sha256(content).hexdigest() != self._hashes.get(name):
            raise _damaged(self.folder / name)
        return content

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise _damaged(self.folder / name) from None


def rows_of(selection: str | None, size: int) -> list[int]:
    """The places that a selection names: '0:500,731:732' or None for all."""
    if selection is None:
        return list(range(size))
    spans = (span.split(":") for span in selection.split(",") if span)
    return [row for start, stop in spans for row in range(int(start), int(stop))]


def selection_of(rows: Sequence[int]) -> str:
    """The selection that names ascending places."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and spans[-1][1] == row:
            spans[-1][1] = row + 1
        else:
            spans.append([row, row + 1])
    return ",".join(f"{start}:{stop}" for start, stop in spans)


def _damaged(path: Path) -> PlanDamaged:
    return PlanDamaged(
        "is not as it was frozen (missing, or its hash differs).",
        where=str(path),
        remedy="Nothing was sent from it. Restore the file from your backup and run the task again.",
    )
