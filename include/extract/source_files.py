"""The files of a source: which ones belong to a relation, what kind they are, and where their content can be read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from include.core.errors import SourceError, SourceUnavailable

KINDS = {
    "CSV": (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    "JSON lines": (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"),
    "Parquet": (".parquet",),
}
"""The kinds of files by the ends of their names, in any case."""
_PARQUET = b"PAR1"
_REMEDY = "Let the export write to a temporary name and rename the finished file. The task is retried."


@dataclass(frozen=True)
class SourceFile:
    """One file. `name` is relative to the source, `path` is where its content is now, `label` names it in messages."""

    name: str
    path: Path
    label: str

    @property
    def base_name(self) -> str:
        """The name without folders, as in the location of an unreadable line."""
        return self.name.rpartition("/")[2]

    def at(self, path: Path) -> SourceFile:
        """The same file with its content elsewhere."""
        return replace(self, path=path)


class FileStore(Protocol):
    """Where files are: a folder, a bucket, an HTTP API."""

    location: str
    """The store in messages, without a password."""
    is_partial: bool
    """Whether its files contain only the rows that changed, so that they may lack columns which the source has."""

    def names(self, start: str) -> list[str]:
        """The names of its files that begin with `start`, relative to the store, with '/' between folders."""

    def fetch(self, name: str, scratch: Path | None) -> SourceFile:
        """A file that can be read here. A store elsewhere copies it to `scratch`. Raises `SourceUnavailable`."""

    def verify(self, name: str) -> None:
        """Raise `SourceUnavailable` if a fetched file disappeared, or changed while it was read."""


def kind_of(name: str) -> str | None:
    """The kind of a file by its name; None for other files."""
    return next((kind for kind, ends in KINDS.items() if name.lower().endswith(ends)), None)


def files_of(relation: str, names: Iterable[str], location: str) -> list[str]:
    """The files of a relation: `subscribers*` with a known ending, or any such file below a folder `subscribers`.

    Raises `SourceError` if they are of more than one kind: two exports of one relation contradict each other.
    """
    found = sorted(name for name in names if kind_of(name) and _belongs(name, relation))
    kinds = sorted({kind_of(name) or "" for name in found})
    if len(kinds) > 1:
        raise SourceError(
            f"has {relation} both as {kinds[0]} and as {kinds[1]}.", where=location, remedy="Remove one of the two."
        )
    return found


def _belongs(name: str, relation: str) -> bool:
    folder, slash, _ = name.partition("/")
    return folder == relation if slash else name.startswith(relation)


def file_missing_error(label: str) -> SourceUnavailable:
    """The error for a file that disappeared after the files were listed."""
    return SourceUnavailable("disappeared after the files were listed.", where=label, remedy=_REMEDY)


def file_changed_error(label: str) -> SourceUnavailable:
    """The error for a file that is written to while it is read."""
    return SourceUnavailable("changed while it was read.", where=label, remedy=_REMEDY)


def file_incomplete_error(label: str, sign: str) -> SourceUnavailable:
    """The error for a file whose end is missing; `sign` says how that shows."""
    return SourceUnavailable(f"is not complete: {sign}.", where=label, remedy=_REMEDY)


def complete_parquet(file: SourceFile) -> SourceFile:
    """The file itself. Raises `SourceUnavailable` if it begins as Parquet and lacks its end, where the schema is."""
    try:
        with file.path.open("rb") as content:
            start = content.read(len(_PARQUET))
            content.seek(-min(len(_PARQUET), file.path.stat().st_size), os.SEEK_END)
            end = content.read()
    except FileNotFoundError:
        raise file_missing_error(file.label) from None
    if start == _PARQUET and end != _PARQUET:
        raise file_incomplete_error(file.label, "its footer is missing")
    return file
