"""Where subscribers come from: one class a kind of source, all with the same four methods.

`postgresql://…` (Arrow by COPY), `sqlite:////path`, `file:///folder` with CSV or Parquet. Every one of them streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from include.core.connections import SOURCE, database_url
from include.core.errors import ConfigurationError, SourceError
from include.extract.contract import RELATIONS, SUBSCRIBERS, Relation
from include.extract.mapping import VARIABLE, own_query


class Source(Protocol):
    """An open source, read only."""

    place: str
    """How messages name it; never with a password."""

    def has(self, relation: Relation) -> bool:
        """Whether it holds a relation under the contract's own name."""

    def files(self, relation: Relation) -> list[str]:
        """The files that the relation is read from; none for a database."""

    def columns(self, relation: Relation) -> list[str]:
        """What the relation's query gives, in the source's own names."""

    def batches(self, relation: Relation, found: list[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        """The relation as text, in batches of bounded size; with `since`, at least what changed from then on.

        A line that is not readable is a row of its own: the key where it is known, and the place under `unreadable`.
        """

    def close(self) -> None:
        """Let go of it."""


@contextmanager
def open_source(source_url: str, scratch: Path | None = None) -> Iterator[Source]:
    """The source behind a connection's text. Raises `SourceUnavailable`, `SourceError` or `ConfigurationError`.

    Who reads rows names a folder `scratch` for copies of files, and removes it.
    """
    url = database_url(SOURCE, source_url)
    source = _open(url, scratch)
    try:
        yield source
    finally:
        source.close()


def relations(source_url: str) -> list[str]:
    """Which relations of the contract the source has. Raises `SourceError` where it has no subscribers."""
    with open_source(source_url) as source:
        found = [name for name, relation in RELATIONS.items() if own_query(relation) or source.has(relation)]
        if SUBSCRIBERS.name not in found:
            raise missing(source, SUBSCRIBERS)
    return found


def missing(source: Source, relation: Relation) -> SourceError:
    """The error for a relation that is not there."""
    return SourceError(
        f"has no relation {relation.name}.",
        where=source.place,
        remedy=f"Give it a table, view or files of that name, or map yours in a file {relation.name}.sql ({VARIABLE}).",
    )


def _open(url: str, scratch: Path | None) -> Source:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from include.extract.sqlite import SqliteSource

        return SqliteSource(rest.removeprefix("/"))
    if scheme == "file":
        from include.extract.files import FolderSource

        return FolderSource(rest, scratch)
    if scheme == "postgresql":
        from include.extract.postgres import PostgresSource

        return PostgresSource(url)
    raise ConfigurationError(
        f"has the type '{scheme}', which is none of postgresql, sqlite and file.",
        where=f"connection {SOURCE}",
        remedy="Set it to a URL such as postgresql://user@host/database, sqlite:////path or file:///folder.",
    )
