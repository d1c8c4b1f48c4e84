"""Segment definitions: one query in `include/sql/segment/definitions/<segment>.sql` each, checked before it runs.

It returns the one column `subscriber_id`, and takes the parameter `as_of` and those that its header declares with a
default; the other rules are in `include/core/query.py`. `inspect_definition` returns everything that is
wrong with a file, `read_definition` raises the first of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from include.core.errors import ConfigurationError
from include.core.finding import Finding, of_exception
from include.core.paths import SEGMENTS
from include.core.query import Query, inspect_query, read_query, source_location
from include.core.segment_name import meant
from include.core.segment_reference import TABLES, Reference
from include.core.sql_literal import Literal
from include.core.sqlfile import FIELDS
from include.segment import limits as size_limits
from include.segment.limits import Limits

AS_OF = "as_of"
COLUMNS = [("subscriber_id",)]


@dataclass(frozen=True)
class Definition:
    """A valid definition.

    `defaults` are the parameters that a campaign or another segment can set, `reads` the segments that it reads, `limits`
    those of its size.
    """

    segment: str
    path: Path
    statement: str
    first_line: int
    defaults: Mapping[str, Literal]
    reads: tuple[Reference, ...]
    limits: Limits
    query: Query

    def location(self, line: int = 1) -> str:
        """The file, and the line of it that is line `line` of the statement."""
        return source_location(self.path, self.first_line + line - 1)


def definition_paths(folder: Path = SEGMENTS) -> list[Path]:
    """All definition files, sorted by name."""
    return sorted(folder.glob("*.sql"))


def read_definition(path: Path) -> Definition:
    """Read and validate one file. Raises `ConfigurationError` with file and line."""
    query = read_query(path, columns=COLUMNS, params=[AS_OF], is_segment=True)
    for wrong in _own_errors(query):
        raise wrong
    return _definition(query)


def inspect_definition(path: Path) -> tuple[Definition | None, list[Finding]]:
    """The definition of one file, None if it is not one, and everything that is wrong within the file."""
    query, found = inspect_query(path, columns=COLUMNS, params=[AS_OF], is_segment=True)
    own = list(_own_errors(query)) if query else []
    found += [of_exception(error, path) for error in own]
    return _definition(query) if query and not own else None, found


def _definition(query: Query) -> Definition:
    limits = size_limits.read(query.file.extra.get("limits", ""))
    return Definition(
        query.name, query.path, query.statement, query.first_line, query.file.defaults, query.references, limits, query
    )


def _own_errors(query: Query) -> Iterator[ConfigurationError]:
    """What is wrong with the name and the header of a segment, beyond any query's."""
    if query.name in TABLES:
        yield _invalid(query, f"has the name of the table segment.{query.name}.", "Give it another name.")
    for field in query.file.extra:
        if field != "limits":
            yield _invalid(query, f"has the header field {field}{meant(field, ['limits', *FIELDS])}", "Correct the field.")
    try:
        size_limits.read(query.file.extra.get("limits", ""))
    except ValueError as error:
        yield _invalid(query, f"has limits that cannot be read: {error}.", "Write `-- limits: 1000..50000, ±50%`.")


def _invalid(query: Query, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(what, where=source_location(query.path, 1), remedy=remedy)
