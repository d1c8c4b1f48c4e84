"""A landed batch as validation and merge read it, once its files are verified against the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from include.core import clock
from include.core.errors import SourceError
from include.core.manifest import LandedFile, Manifest
from include.core.paths import DataPaths


@dataclass(frozen=True)
class LandedBatch:
    """One landed batch, or a piece of one. `files` are absolute paths, in order; `sizes` are their row counts.

    `landed_at` is when landing started. `columns` are the contract's columns that the source has (empty where that is not
    known), `source_files` the files of a folder, `source` a hash of the source's address (empty if unknown),
    `source_columns` all columns of the source with their types in words (empty if unknown).
    """

    relation: str
    run: str
    rows: int
    full: bool
    files: tuple[str, ...]
    sizes: tuple[int, ...]
    landed_at: datetime
    columns: tuple[str, ...]
    source_files: tuple[str, ...]
    source: str = ""
    source_columns: dict[str, str] = field(default_factory=dict)

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of its SQL files."""
        return {
            "files": list(self.files),
            "run": self.run,
            "relation": self.relation,
            "is_full": self.full,
            "columns": list(self.columns),
            "source_files": list(self.source_files),
            "source": self.source,
            "source_column_names": list(self.source_columns),
            "source_column_types": list(self.source_columns.values()),
            "landed_at": self.landed_at,
        }

    def pieces(self, max_rows: int) -> Iterator[LandedBatch]:
        """The batch in pieces of whole files, each of at most `max_rows` rows or of a single larger file."""
        start, total = 0, 0
        for number, size in enumerate(self.sizes):
            if total and total + size > max_rows:
                yield self._piece(start, number, total)
                start, total = number, 0
            total += size
        yield self._piece(start, len(self.sizes), total)

    def _piece(self, start: int, end: int, rows: int) -> LandedBatch:
        return replace(self, files=self.files[start:end], sizes=self.sizes[start:end], rows=rows)


def load_batch(paths: DataPaths, manifest: Manifest) -> LandedBatch:
    """The batch of a manifest. Raises `SourceError` where a file is missing or its content differs from what landed."""
    folder = paths.root / manifest["folder"]
    for file in manifest["files"]:
        _verify(folder, file)
    # Manifests of older versions lack the optional keys.
    return LandedBatch(
        relation=manifest["relation"],
        run=manifest["run"],
        rows=manifest["rows"],
        full=manifest["full"],
        files=tuple(str(folder / file["name"]) for file in manifest["files"]),
        sizes=tuple(file["rows"] for file in manifest["files"]),
        landed_at=datetime.fromisoformat(manifest["landed_at"]) if "landed_at" in manifest else clock.now(),
        columns=tuple(manifest.get("columns") or ()),
        source_files=tuple(manifest.get("source_files") or ()),
        source=manifest.get("source", ""),
        source_columns=manifest.get("source_columns", {}),
    )


def _verify(folder: Path, file: LandedFile) -> None:
    path, remedy = folder / file["name"], "Land the relation again under a new run."
    if not path.is_file():
        raise SourceError("is missing.", where=str(path), remedy=remedy)
    with path.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() != file["sha256"]:
            raise SourceError("has changed since it landed.", where=str(path), remedy=remedy)
