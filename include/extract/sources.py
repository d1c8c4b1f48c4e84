"""The kinds of source: one class each, with the same interface. All of them stream.

`postgresql://…` (Arrow by COPY), `sqlite:////path`, `file:///folder` or `s3://bucket/prefix` with CSV, JSON lines or
Parquet, `https://…` for an API.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl

import pyarrow as pa

from include.core.connections import SOURCE, database_url
from include.core.errors import ConfigurationError, SourceError
from include.extract.combination import Combination
from include.extract.contract import RELATIONS, SUBSCRIBERS, Relation
from include.extract.file_options import file_options
from include.extract.mapping import FOLDER_VARIABLE, custom_query

Since = datetime | Mapping[str, datetime] | None
"""Where an incremental pass starts; by name of source for several. None for a full pass."""


class Source(Protocol):
    """An open source, read only."""

    location: str
    """The source in messages, without a password."""
    is_partial: bool
    """Whether it may lack columns in an incremental pass that it has in a full pass."""

    def has_relation(self, relation: Relation) -> bool:
        """Whether it has a table, view or files under the relation's name."""

    def files(self, relation: Relation) -> list[str]:
        """The files that the relation is read from; empty for a database."""

    def columns(self, relation: Relation) -> dict[str, str]:
        """The columns that the relation's query returns, under the source's names, with its names of their types."""

    def batches(self, relation: Relation, found: Collection[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        """The relation as text, in batches of bounded size; with `since`, at least the rows changed from then on.

        An unreadable line is a row with its key, where that is known, and its location in the column `unreadable`.
        """

    def close(self) -> None:
        """Close it."""


@contextmanager
def open_source(address: str | Combination, scratch: Path | None = None, since: Since = None) -> Iterator[Source]:
    """Open the source of a connection URL, or several as one.

    Raises `SourceUnavailable`, `SourceError` or `ConfigurationError`.

    To read rows, pass a folder `scratch` for parsed copies of files, and remove it afterwards; and the `since` with which
    they will be read, because an API and several sources are read before their columns are known.
    """
    if isinstance(address, Combination):
        from include.extract.combined import CombinedSource

        source: Source = CombinedSource(address, scratch, since if isinstance(since, Mapping) else None)
    else:
        source = _open(database_url(SOURCE, address), scratch, since if isinstance(since, datetime) else None)
    try:
        yield source
    finally:
        source.close()


def relations(address: str | Combination) -> list[str]:
    """The relations of the contract that the source has. Raises `SourceError` where it has no subscribers."""
    with open_source(address) as source:
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


def _open(url: str, scratch: Path | None, since: datetime | None) -> Source:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from include.extract.sqlite import SqliteSource

        return SqliteSource(rest.removeprefix("/"))
    if scheme in ("file", "s3", "http", "https"):
        return _open_files(url, scratch, since)
    if scheme == "postgresql":
        from include.extract.postgres import PostgresSource

        return PostgresSource(url)
    raise ConfigurationError(
        f"has the type '{scheme}', which is none of postgresql, sqlite, file, s3 and https.",
        where=f"connection {SOURCE}",
        remedy="Set it to a URL such as postgresql://user@host/database or file:///folder (docs/data-contract.md).",
    )


def _open_files(url: str, scratch: Path | None, since: datetime | None) -> Source:
    """A folder, a bucket or an API, whose rows are files on the way in."""
    from include.extract.folder import FolderSource

    address, _, query = url.partition("?")
    options = dict(parse_qsl(query))
    if url.startswith("file"):
        from include.extract.local_folder import LocalFolder

        return FolderSource(LocalFolder(address.removeprefix("file://")), file_options(options), scratch)
    if url.startswith("s3"):
        from include.core.object_storage import OPTIONS
        from include.extract.object_store import Bucket

        return FolderSource(Bucket(address, options), file_options(options, OPTIONS), scratch)
    from include.extract.api_options import api_options
    from include.extract.http_api import HttpApi

    store = HttpApi(api_options(address, options), since)
    return FolderSource(store, file_options({name: text for name, text in options.items() if name == "fields"}), scratch)
