"""A landed batch as validation and merge read it: only files that are what the manifest says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.core.errors import SourceError
from include.core.paths import DataPaths


@dataclass(frozen=True)
class Landed:
    """One landed batch. `files` are absolute names, in order."""

    relation: str
    run: str
    rows: int
    full: bool
    files: tuple[str, ...]

    @property
    def params(self) -> dict[str, Any]:
        """What its SQL files bind."""
        return {"files": list(self.files), "run": self.run, "relation": self.relation}


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
    return Landed(manifest["relation"], manifest["run"], manifest["rows"], manifest["full"], names)
