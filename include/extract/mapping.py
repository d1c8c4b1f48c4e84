"""The query that reads a relation: the default, or a custom one that maps the source's names to the contract's.

A custom query is a file `subscribers.sql`, `purchases.sql` or `activities.sql` in the folder `$TRADEWIND_SOURCE_SQL`: one
select in the source's SQL dialect, from which only the contract's columns are read. In a folder of files, the table
`subscribers` (`purchases`, `activities`) is the view over all files of that name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path

from include.core import sqlfile
from include.core.errors import ConfigurationError
from include.core.settings import settings, variable
from include.extract.columns import match_columns, missing_columns_error, quote_identifier
from include.extract.contract import Relation

FOLDER_VARIABLE = variable("source_sql")
_folder_in_use: ContextVar[Path | None] = ContextVar("folder_in_use", default=None)


@contextmanager
def mapping_folder(folder: Path | None) -> Iterator[None]:
    """Read custom queries from `folder` in this context, instead of `$TRADEWIND_SOURCE_SQL`; None changes nothing."""
    token = _folder_in_use.set(folder or _folder_in_use.get())
    try:
        yield
    finally:
        _folder_in_use.reset(token)


def custom_query(relation: Relation) -> str | None:
    """The custom query of a relation; None where there is no file for it."""
    folder = _folder_in_use.get() or settings().source_sql
    if folder is None:
        return None
    if not folder.is_dir():
        raise ConfigurationError(
            "is not a folder.",
            where=f"{FOLDER_VARIABLE}={folder}",
            remedy="Set it to a folder that contains subscribers.sql.",
        )
    path = folder / f"{relation.name}.sql"
    return path.read_text(encoding="utf-8").strip().rstrip(";") if path.is_file() else None


def relation_query(relation: Relation) -> str:
    """The custom or default select of the relation, without a semicolon, since it becomes a subquery."""
    return custom_query(relation) or sqlfile.load("extract", relation.name).statement.rstrip(";")


def landing_query(
    relation: Relation,
    found: Collection[str],
    location: str,
    predicate: str | None,
    since: datetime | None,
    casts: Mapping[str, str] | None = None,
) -> str:
    """The select that lands a relation: the contract's columns in order, as text, '' as NULL, changed from `since` on.

    Every source returns the same text for the same row, whatever its column types. `found` are the source's columns; `casts`
    maps some of them to an expression that replaces the default cast to text. Raises `SourceError` that names missing
    columns.
    """
    names = match_columns(relation, found)
    if not names.keys() >= set(relation.required):
        remedy = f"Map the source's names in a file {relation.name}.sql in the folder {FOLDER_VARIABLE}."
        raise missing_columns_error(relation, found, location, remedy)
    columns = ",\n    ".join(_column(column, names.get(column), casts or {}) for column in relation.columns)
    cursor = quote_identifier(names[relation.cursor])
    condition = "" if since is None or predicate is None else f"\nwhere {predicate.format(column=cursor)}"
    return f"select\n    {columns}\nfrom (\n{relation_query(relation)}\n) as source{condition}"


def _column(column: str, name: str | None, casts: Mapping[str, str]) -> str:
    if name is None:
        return f"cast(null as text) as {column}"
    text = casts.get(name, "{column}").format(column=quote_identifier(name))
    return f"nullif(cast({text} as text), '') as {column}"
