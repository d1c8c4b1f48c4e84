"""Segment definitions: one query in `include/sql/segment/definitions/<segment>.sql` each, checked before it runs.

It returns the one column `subscriber_id`, and takes the parameter `as_of` and those that its header declares with a
default; the other rules are in `include/core/query.py`. `inspect_definition` returns everything that is
wrong with a file, `read_definition` raises the first of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.core.errors import ConfigurationError
from include.core.finding import Finding, of_exception
from include.core.paths import SEGMENTS
from include.core.query import Query, inspect_query, read_query, source_location
from include.core.segment_reference import TABLES, Reference
from include.core.sql_literal import Literal

AS_OF = "as_of"
COLUMNS = [("subscriber_id",)]


@dataclass(frozen=True)
class Definition:
    """A valid definition.

    `defaults` are the parameters that a campaign or another segment can set, `reads` the segments that it reads.
    """

    segment: str
    path: Path
    statement: str
    first_line: int
    defaults: Mapping[str, Literal]
    reads: tuple[Reference, ...]
    query: Query

    def location(self, line: int = 1) -> str:
        """The file, and the line of it that is line `line` of the statement."""
        return source_location(self.path, self.first_line + line - 1)


def definition_paths(folder: Path = SEGMENTS) -> list[Path]:
    """All definition files, sorted by name."""
    return sorted(folder.glob("*.sql"))


def read_definition(path: Path) -> Definition:
    """Read and validate one file. Raises `ConfigurationError` with file and line."""
    if wrong := _wrong_name(path):
        raise wrong
    return _definition(read_query(path, columns=COLUMNS, params=[AS_OF], is_segment=True))


def inspect_definition(path: Path) -> tuple[Definition | None, list[Finding]]:
    """The definition of one file, None if it is not one, and everything that is wrong within the file."""
    query, found = inspect_query(path, columns=COLUMNS, params=[AS_OF], is_segment=True)
    found += [of_exception(error, path) for error in filter(None, [_wrong_name(path)])]
    return _definition(query) if query else None, found


def _definition(query: Query) -> Definition:
    return Definition(
        query.name, query.path, query.statement, query.first_line, query.file.defaults, query.references, query
    )


def _wrong_name(path: Path) -> ConfigurationError | None:
    if path.stem not in TABLES:
        return None
    what, remedy = f"has the name of the table segment.{path.stem}.", "Give it another name."
    return ConfigurationError(what, where=source_location(path, 1), remedy=remedy)
