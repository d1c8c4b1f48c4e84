"""The kinds of source: one class each, with the same interface. All of them stream.

`postgresql://…` (Arrow by COPY), `sqlite:////path`, `file:///folder` or `s3://bucket/prefix` with CSV, JSON lines or
Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl

import pyarrow as pa

from include.core.connections import SOURCE, database_url
from include.core.errors import ConfigurationError, SourceError
from include.extract.contract import RELATIONS, SUBSCRIBERS, Relation
from include.extract.file_options import file_options
from include.extract.mapping import FOLDER_VARIABLE, custom_query


class Source(Protocol):
    """An open source, read only."""

    location: str
    """The source in messages, without a password."""

    def has_relation(self, relation: Relation) -> bool:
        """Whether it has a table, view or files under the relation's name."""

    def files(self, relation: Relation) -> list[str]:
        """The files that the relation is read from; empty for a database."""

    def columns(self, relation: Relation) -> list[str]:
        """The columns that the relation's query returns, under the source's names."""

    def batches(self, relation: Relation, found: list[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        """The relation as text, in batches of bounded size; with `since`, at least the rows changed from then on.

        An unreadable line is a row with its key, where that is known, and its location in the column `unreadable`.
        """

    def close(self) -> None:
        """Close it."""


@contextmanager
def open_source(source_url: str, scratch: Path | None = None) -> Iterator[Source]:
    """Open the source of a connection URL. Raises `SourceUnavailable`, `SourceError` or `ConfigurationError`.

    To read rows, pass a folder `scratch` for parsed copies of files, and remove it afterwards.
    """
    url = database_url(SOURCE, source_url)
    source = _open(url, scratch)
    try:
        yield source
    finally:
        source.close()


def relations(source_url: str) -> list[str]:
    """The relations of the contract that the source has. Raises `SourceError` where it has no subscribers."""
    with open_source(source_url) as source:
        found = [name for name, relation in RELATIONS.items() if custom_query(relation) or source.has_relation(relation)]
        if SUBSCRIBERS.name not in found:
            raise missing_relation_error(source, SUBSCRIBERS)
    return found


def missing_relation_error(source: Source, relation: Relation) -> SourceError:
    """The error for a relation that the source does not have."""
    return SourceError(
        f"has no relation {relation.name}.",
        where=source.location,
        remedy=f"Add a table, view or files of that name, or map yours in a file {relation.name}.sql ({FOLDER_VARIABLE}).",
    )


def _open(url: str, scratch: Path | None) -> Source:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from include.extract.sqlite import SqliteSource

        return SqliteSource(rest.removeprefix("/"))
    if scheme == "file":
        from include.extract.folder import FolderSource
        from include.extract.local_folder import LocalFolder

        path, _, query = rest.partition("?")
        return FolderSource(LocalFolder(path), file_options(dict(parse_qsl(query))), scratch)
    if scheme == "s3":
        from include.extract.folder import FolderSource
        from include.extract.object_store import OPTIONS, Bucket

        address, _, query = url.partition("?")
        options = dict(parse_qsl(query))
        return FolderSource(Bucket(address, options), file_options(options, OPTIONS), scratch)
    if scheme == "postgresql":
        from include.extract.postgres import PostgresSource

        return PostgresSource(url)
    raise ConfigurationError(
        f"has the type '{scheme}', which is none of postgresql, sqlite, file and s3.",
        where=f"connection {SOURCE}",
        remedy="Set it to a URL such as postgresql://user@host/database, sqlite:////path, file:///folder or s3://bucket/prefix.",
    )
