"""A frozen plan on disk.

    plans/<campaign>/<occurrence>/
        audience.parquet         everybody selected: message key, state, reason, chunk and row; no address
        contents.json            the content of each variant and locale with the slots' tags, and for each slot the column
                                 that has its value; a link is built from `before`, the column's token and `after`
        part-0000.parquet        one row per message, by group, most engaged first, with computed slot values
        other_addresses.parquet  former address keys of planned people with their current ones, for unsubscribes by old mail
        chunks.json              the chunks as inserted into the ledger: which rows of which part are one request
        manifest.json            sha256 of each file above, written last; its own sha256 is in the ledger
        manifest.next.json       the manifest of a correction, until the ledger has its sha256 and it replaces the other

Nothing in the folder changes after the plan's transaction, except by an erasure. A correction of the content adds
`contents.r1.json` and `part-0000.r1.parquet` (r2, … for later ones). A file that does not match its hash is refused.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.durable import file_sha256, sync_folder
from include.core.errors import PlanDamaged

CHUNKS_PER_FILE = 20
"""A sender holds two files in memory: the current one and the next."""

OTHER_ADDRESSES = "other_addresses.parquet"
NEXT_MANIFEST = "manifest.next.json"
CONSENT_END = "consent_expires_at"
"""When a person's consent ends; null where it does not. Plans that were frozen by an older version lack the column."""
WIRE_COLUMNS = ("message_key", "email", "address_key", "token", CONSENT_END)
"""The columns that the sender reads, beside the slots."""
AUDIENCE = pa.schema(
    [
        *((name, pa.string()) for name in ("message_key", "subscriber_id", "address_key", "variant", "mailbox_provider")),
        *((name, pa.string()) for name in ("state", "reason")),
        *((name, pa.int32()) for name in ("chunk", "row")),
        *((name, pa.string()) for name in ("lost_to_campaign", "lost_to_occurrence")),
    ]
)
"""One row per selected person; chunk and row are null for people who were not planned, lost_to_… for all others. Plans that
were frozen by an older version lack the columns lost_to_…."""


def part_name(number: int) -> str:
    """The name of the plan's `number`th file of people."""
    return f"part-{number:04d}.parquet"


def slot_columns(count: int) -> list[str]:
    """The names of the columns that hold slot values."""
    return [f"slot_{number}" for number in range(count)]


class PlanReader:
    """Reads a frozen plan; raises `PlanDamaged` for a file that is missing or does not match its hash."""

    def __init__(
        self, folder: Path, manifest_sha256: str, prepare: Callable[[pa.Table], pa.Table] = lambda people: people
    ) -> None:
        """`prepare` is applied once to the people of each part, when it is read."""
        self.folder = folder
        self._hashes: dict[str, str] = orjson.loads(self._manifest(manifest_sha256))
        names = (name for name in self._hashes if name.startswith("contents.") and name.endswith(".json"))
        self.contents: dict[str, dict[str, Any]] = {}
        for name in sorted(names):
            self.contents |= orjson.loads(self._verified(name))
        self._prepare = prepare
        self._part: tuple[str, pa.Table] | None = None
        self._upcoming: deque[str] = deque()
        self._next_part: Future[pa.Table] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="plan")

    def read_ahead(self, files: Iterable[str]) -> None:
        """Announce the order of the parts, so that the next is read in the background while one is sent."""
        self._upcoming = deque(file for file, _ in groupby(files))

    def people(self, file: str, first_row: int, size: int) -> pa.Table:
        """The wire rows of one root chunk. Keeps the last part in memory, since chunks are read in order."""
        if self._part is None or self._part[0] != file:
            self._part = None
            self._part = (file, self._load_part(file))
        return self._part[1].slice(first_row, size)

    def has(self, file: str) -> bool:
        """Whether the part was in the plan when this reader began; that of a later correction is not."""
        return file in self._hashes

    def table(self, file: str) -> pa.Table:
        """All rows of a part."""
        return self._read(file)

    def _load_part(self, file: str) -> pa.Table:
        """A part: from the background if it is the announced one, which also starts reading the next."""
        if not self._upcoming or self._upcoming[0] != file:
            return self._read(file)
        self._upcoming.popleft()
        part = self._next_part.result() if self._next_part else self._read(file)
        self._next_part = self._thread.submit(self._read, self._upcoming[0]) if self._upcoming else None
        return part

    def _read(self, file: str) -> pa.Table:
        return self._prepare(pq.ParquetFile(pa.BufferReader(self._verified(file))).read())

    def other_addresses(self) -> dict[str, list[str]]:
        """A former address key of planned people → the address keys that they are planned under."""
        if OTHER_ADDRESSES not in self._hashes:  # frozen by a version without this file
            return {}
        others: dict[str, list[str]] = {}
        for row in pq.read_table(pa.BufferReader(self._verified(OTHER_ADDRESSES))).to_pylist():
            others.setdefault(row["other_key"], []).append(row["address_key"])
        return others

    def audience(self) -> Path:
        """The audience file, verified."""
        self._verified("audience.parquet")
        return self.folder / "audience.parquet"

    def _manifest(self, manifest_sha256: str) -> bytes:
        """The manifest with this hash: the next one if the process of a correction ended between commit and rename."""
        for name in ("manifest.json", NEXT_MANIFEST):
            path = self.folder / name
            if path.is_file() and hashlib.sha256(found := path.read_bytes()).hexdigest() == manifest_sha256:
                return found
        raise _damaged(self.folder / "manifest.json")

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


def settle_manifest(folder: Path, manifest_sha256: str) -> None:
    """Complete or discard the manifest of a correction, by what the ledger has: `manifest_sha256`. Can be repeated."""
    following = folder / NEXT_MANIFEST
    if not following.is_file():
        return
    if file_sha256(following) == manifest_sha256:
        following.replace(folder / "manifest.json")
        sync_folder(folder)
    else:
        following.unlink()


def parse_selection(selection: str | None, size: int) -> Sequence[int]:
    """The rows in a selection such as '0:500,731:732'; None selects all."""
    if selection is None:
        return range(size)
    spans = (span.split(":") for span in selection.split(",") if span)
    return [row for start, stop in spans for row in range(int(start), int(stop))]


def format_selection(rows: Sequence[int]) -> str:
    """The selection of ascending rows."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and spans[-1][1] == row:
            spans[-1][1] = row + 1
        else:
            spans.append([row, row + 1])
    return ",".join(f"{start}:{stop}" for start, stop in spans)


def _damaged(path: Path) -> PlanDamaged:
    return PlanDamaged(
        "is not as it was frozen (it is missing, or its hash differs).",
        where=str(path),
        remedy="Nothing was sent from it. Restore the file from your backup and run the task again.",
    )
