"""Which query reads a relation: ours, or the one with which a source maps its own names onto the contract.

A source with other names brings `subscribers.sql` and `purchases.sql` in a folder named by `$TRADEWIND_SOURCE_SQL`. Each is
one select in the source's own dialect; only columns of the contract are taken from it. With a folder of files the relation
`subscribers` (or `purchases`) is the view over all files of that name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from include.core import sqlfile
from include.core.errors import ConfigurationError
from include.core.settings import settings, variable
from include.extract.contract import Relation
from include.extract.headers import matched, missing_columns, quoted

VARIABLE = variable("source_sql")


def own_query(relation: Relation) -> str | None:
    """The source's own mapping; None where it has none and the relation carries the contract's names."""
    folder = settings().source_sql
    if folder is None:
        return None
    if not folder.is_dir():
        raise ConfigurationError(
            "is not a folder.", where=f"{VARIABLE}={folder}", remedy="Name one with subscribers.sql in it."
        )
    path = folder / f"{relation.name}.sql"
    return path.read_text(encoding="utf-8").strip().rstrip(";") if path.is_file() else None


def query(relation: Relation) -> str:
    """The select that gives the relation, whoever wrote it; without a semicolon, since it becomes a subquery."""
    return own_query(relation) or sqlfile.load("extract", relation.name).statement.rstrip(";")


def statement(
    relation: Relation,
    found: Sequence[str],
    place: str,
    predicate: str | None,
    since: datetime | None,
    casts: Mapping[str, str] | None = None,
) -> str:
    """The select that lands: the contract's columns in order, all as text, '' as NULL, changed since `since` where given.

    Every source answers with the same text for the same row, whatever types it has. `found` are the columns that the source
    shows; `casts` says for some of them, by the source's name, how else than by a cast they become text. Raises
    `SourceError` that names what is missing.
    """
    names = matched(relation, found)
    if not names.keys() >= set(relation.required):
        remedy = f"Map your own names in a file {relation.name}.sql in the folder that {VARIABLE} names."
        raise missing_columns(relation, found, place, remedy)
    columns = ",\n    ".join(_column(column, names.get(column), casts or {}) for column in relation.columns)
    about = quoted(names[relation.changed])
    changed = "" if since is None or predicate is None else f"\nwhere {predicate.format(column=about)}"
    return f"select\n    {columns}\nfrom (\n{query(relation)}\n) as source{changed}"


def _column(column: str, name: str | None, casts: Mapping[str, str]) -> str:
    if name is None:
        return f"cast(null as text) as {column}"
    text = casts.get(name, "{column}").format(column=quoted(name))
    return f"nullif(cast({text} as text), '') as {column}"
