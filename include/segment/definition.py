"""Segment definitions: one query in `include/sql/segment/definitions/<segment>.sql` each, checked before it runs.

It returns the one column `subscriber_id` and takes at most the parameter `as_of`; the other rules are in
`include/core/query.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.core.finding import Finding
from include.core.paths import SQL
from include.core.query import inspect_query, read_query

DEFINITIONS = SQL / "segment" / "definitions"
_COLUMNS, _PARAMS = [("subscriber_id",)], ["as_of"]


@dataclass(frozen=True)
class Definition:
    """A valid definition. `takes_as_of`: its statement binds `$as_of`."""

    segment: str
    path: Path
    statement: str
    first_line: int
    takes_as_of: bool


def definition_paths(folder: Path = DEFINITIONS) -> list[Path]:
    """All definition files, sorted by name."""
    return sorted(folder.glob("*.sql"))


def read_definition(path: Path) -> Definition:
    """Read and validate one file. Raises `ConfigurationError` with file and line."""
    query = read_query(path, columns=_COLUMNS, params=_PARAMS)
    return Definition(query.name, path, query.statement, query.first_line, bool(query.params))


def inspect_definition(path: Path) -> list[Finding]:
    """Everything that is wrong with one file."""
    return inspect_query(path, columns=_COLUMNS, params=_PARAMS)[1]
