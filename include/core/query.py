"""Queries that marketers write: one SELECT a file, checked before it runs.

Segments, and the triggers, goals and conditions of journeys, are such files, so they are parsed and validated: one query,
allowed tables only, no function that reads files or the network, the expected columns and parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from include.core import query_columns, query_comparisons, sql_syntax, sqlfile, text_file
from include.core.errors import ConfigurationError
from include.core.finding import Finding, of_exception
from include.core.paths import PROJECT
from include.core.query_rules import line_within_statement, listed, violations
from include.core.segment_reference import Reference, references
from include.core.sqlfile import SqlFile

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,59}$")
_PARAMETER = re.compile(r"(?!tw_)[a-z][a-z0-9_]*")
"""Names that start with tw_ are ours."""


@dataclass(frozen=True)
class Query:
    """A valid query of a file.

    `params` are the parameters that its statement binds, `references` the segments that it reads; `file` has the header,
    and `tree` is the statement as sqlglot parses it.
    """

    path: Path
    name: str
    statement: str
    first_line: int
    params: frozenset[str]
    columns: tuple[str, ...]
    references: tuple[Reference, ...]
    file: SqlFile
    tree: exp.Query


Columns = Sequence[tuple[str, ...]]
"""The lists of columns of which a query returns one."""


def read_query(path: Path, *, columns: Columns, params: Sequence[str], is_segment: bool = False) -> Query:
    """Read and validate one file. Raises `ConfigurationError` with file and line, the first of `check_query`."""
    query, found = check_query(path, columns=columns, params=params, is_segment=is_segment)
    if found or query is None:
        raise found[0]
    return query


def check_query(
    path: Path, *, columns: Columns, params: Sequence[str], is_segment: bool = False
) -> tuple[Query | None, list[ConfigurationError]]:
    """The query of one file, None if it is not one, and everything that is wrong within the file.

    The query returns one of the given lists of `columns`, and binds at most the given `params`. That of a segment may also
    read other segments, and declare parameters of its own with defaults.
    """
    try:
        file, first_line = _file(path)
        tree = _parse(path, file.statement, first_line, columns)
    except ConfigurationError as error:
        return None, [error]
    found = references(tree, file.statement) if is_segment else None
    broken = [*violations(tree, file.statement, columns, found)] or [*query_columns.named_twice(tree)]
    broken = broken or [*query_columns.unknown_columns(tree), *query_comparisons.violations(tree, file.defaults)]
    wrong = [_invalid(path, first_line + line_within_statement(node) - 1, what, remedy) for what, node, remedy in broken]
    bound = frozenset(parameter.name for parameter in tree.find_all(exp.Parameter, exp.Placeholder))
    wrong += _wrong_params(path, file, bound, params, is_segment)
    names = tuple(column.lower() for column in tree.named_selects)
    statement = file.statement.rstrip().rstrip(";")
    return Query(path, path.stem, statement, first_line, bound, names, tuple(found or ()), file, tree), wrong


def inspect_query(
    path: Path, *, columns: Columns, params: Sequence[str], is_segment: bool = False
) -> tuple[Query | None, list[Finding]]:
    """The query in a file, None if it cannot be read, and everything that is wrong with it; arguments as `check_query`."""
    text, found = text_file.inspect(path)
    if text is None or not text.strip():
        return None, found
    query, wrong = check_query(path, columns=columns, params=params, is_segment=is_segment)
    return query, [*found, *(of_exception(error, path) for error in wrong)]


def source_location(path: Path, line: int) -> str:
    """`include/sql/…/x.sql, line 7`, for error messages."""
    shown = path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path.name
    return f"{shown}, line {line}"


def _file(path: Path) -> tuple[SqlFile, int]:
    """The file, and the line on which its statement starts."""
    if not _NAME.match(path.stem):
        raise _invalid(path, 1, "has a name that is not an identifier.", "Use lower-case letters, digits and underscores.")
    file = sqlfile.read(path)
    return file, path.read_text(encoding="utf-8").partition(file.statement or "\n\n")[0].count("\n") + 1


def _parse(path: Path, statement: str, first_line: int, columns: Columns) -> exp.Query:
    """The only query of the file, parsed by sqlglot; DuckDB's own parser must find exactly one SELECT too."""
    try:
        statements = duckdb.extract_statements(statement)
        trees = [tree for tree in sqlglot.parse(statement, dialect="duckdb") if tree is not None]
    except duckdb.Error as error:
        line, what, remedy = sql_syntax.of_duckdb(statement, error)
        raise _invalid(path, first_line + line - 1, what, remedy) from None
    except sqlglot.errors.ParseError as error:
        line, what, remedy = sql_syntax.of_sqlglot(error)
        raise _invalid(path, first_line + line - 1, what, remedy) from None
    except sqlglot.errors.TokenError:
        raise _invalid(path, first_line, "is not SQL that can be checked.", "Fix the query.") from None
    kinds = [one.type for one in statements]
    if len(trees) != 1 or not isinstance(trees[0], exp.Query) or kinds != [duckdb.StatementType.SELECT]:
        raise _invalid(
            path, first_line, "is not exactly one SELECT.", f"Keep only the query that selects {listed(columns)}."
        )
    return trees[0]


def _wrong_params(
    path: Path, file: SqlFile, bound: frozenset[str], params: Sequence[str], with_defaults: bool
) -> Iterator[ConfigurationError]:
    """Given parameters have no default, every other one has; and the query binds exactly what the header declares."""
    own = {name for name in bound if with_defaults and name not in params}
    if bound - set(params) - own or bound != set(file.params):
        only = "The only parameter is" if len(params) == 1 else "The only parameters are"
        others = ", and those that the header gives a default" if with_defaults else ""
        yield _invalid(
            path,
            1,
            f"declares the params {', '.join(file.params) or 'none'} and binds {', '.join(sorted(bound)) or 'none'}.",
            f"{only} {' and '.join(params)}{others}; declare what the query uses, and nothing else.",
        )
    for name in file.params:
        if name in params and name in file.defaults:
            yield _invalid(path, 1, f"gives {name} a default.", f"Its value is that of the run: write `-- params: {name}`.")
        elif name in own and (name not in file.defaults or not _PARAMETER.fullmatch(name)):
            what = f"declares the parameter {name} without a default, or in capitals."
            yield _invalid(path, 1, what, f"Write `-- params: {name.lower()} = 90`.")


def _invalid(path: Path, line: int, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(what, where=source_location(path, line), remedy=remedy)
