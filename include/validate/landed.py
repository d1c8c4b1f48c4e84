"""A landed batch as validation and merge read it: only files that are what the manifest says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from include.core import clock
from include.core.errors import SourceError
from include.core.paths import DataPaths


@dataclass(frozen=True)
class Landed:
    """One landed batch, or a piece of one. `files` are absolute names, in order; `sizes` are their rows.

    `landed_at` is when the source was asked.
    `columns` are those that the source shows (none where that is not known), `source_files` what a folder held.
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

    @property
    def params(self) -> dict[str, Any]:
        """What its SQL files bind."""
        return {
            "files": list(self.files),
            "run": self.run,
            "relation": self.relation,
            "is_full": self.full,
            "columns": list(self.columns),
            "source_files": list(self.source_files),
            "landed_at": self.landed_at,
        }

    def pieces(self, rows: int) -> Iterator[Landed]:
        """The same batch in runs of whole files, each of at most `rows` rows, or of one file where that has more."""
        start, held = 0, 0
        for number, size in enumerate(self.sizes):
            if held and held + size > rows:
                yield self._piece(start, number, held)
                start, held = number, 0
            held += size
        yield self._piece(start, len(self.sizes), held)

    def _piece(self, start: int, end: int, rows: int) -> Landed:
        return replace(self, files=self.files[start:end], sizes=self.sizes[start:end], rows=rows)


def landed(paths: DataPaths, manifest: Mapping[str, Any]) -> Landed:
    """The batch of a manifest. Raises `SourceError` where a file is gone or holds other bytes than those that landed."""
    folder = paths.root / manifest["folder"]
    for file in manifest["files"]:
        path = folder / file["name"]
        if not path.is_file():
            raise SourceError("is gone.", where=str(path), remedy="Land the relation again under a new run.")
        with path.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != file["sha256"]:
                raise SourceError(
                    "does not hold the bytes that landed.",
                    where=str(path),
                    remedy="Land the relation again under a new run.",
                )
    names = tuple(str(folder / file["name"]) for file in manifest["files"])
    sizes = tuple(int(file["rows"]) for file in manifest["files"])
    # A batch that landed before manifests said when is told of now.
    landed_at = datetime.fromisoformat(manifest["landed_at"]) if "landed_at" in manifest else clock.now()
    # Manifests of earlier editions say neither.
    columns = tuple(manifest.get("columns") or ())
    source_files = tuple(manifest.get("source_files") or ())
    return Landed(
        manifest["relation"],
        manifest["run"],
        manifest["rows"],
        manifest["full"],
        names,
        sizes,
        landed_at,
        columns,
        source_files,
    )
