"""Matches the columns of a source with those of the contract, and explains which ones are missing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping

from include.core.errors import SourceError
from include.extract.contract import Relation

_NAME = re.compile(r"[^\W\d][\w .\-/()]{0,63}")
MAX_LISTED = 30
# The types of PostgreSQL (through Arrow), SQLite, DuckDB and Parquet by parts of their names; the first that matches counts.
_TYPES = {
    r"\[\]$|\blist\b": "list",
    r"struct|\bmap\b|json": "object",
    r"timestamp|datetime": "time",
    r"\bdate": "date",
    r"bool": "yes or no",
    r"\bu?(big|small|tiny|huge)?int(eger|\d*)\b": "whole number",
    r"dec|num|double|float|real": "decimal number",
    r"char|text|string|clob|uuid|binary|blob|bytea": "text",
}


def match_columns(relation: Relation, found: Collection[str]) -> dict[str, str]:
    """Contract name → source name. Ignores case and surrounding spaces; an exact match wins."""
    normalised = {name.strip().lower(): name for name in reversed([*found])}
    names = {column: column if column in found else normalised.get(column) for column in relation.columns}
    return {column: name for column, name in names.items() if name is not None}


def type_in_words(name: str) -> str:
    """The type of a column in words that are the same for every kind of source, such as `whole number`."""
    return next((words for pattern, words in _TYPES.items() if re.search(pattern, name, re.IGNORECASE)), name[:40].lower())


def named_types(found: Mapping[str, str]) -> dict[str, str]:
    """Column → type in words. A name that may be somebody's data, since it looks like no name, becomes `column 3`."""
    plain = ((name.strip() if _NAME.fullmatch(name.strip()) else f"column {number}") for number, name in enumerate(found, 1))
    return dict(zip(plain, map(type_in_words, found.values()), strict=True))


def quote_identifier(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def missing_columns_error(relation: Relation, found: Collection[str], location: str, remedy: str) -> SourceError:
    """The error for missing required columns, with the columns that the source has and similar names."""
    present = match_columns(relation, found)
    missing = [column for column in relation.required if column not in present]
    return SourceError(
        f"the relation {relation.name} has no column {', '.join(missing)}.",
        where=location,
        remedy=f"{_describe(found, missing)} {remedy}",
    )


def _describe(found: Collection[str], missing: Iterable[str]) -> str:
    """The source's column names, with suggestions. A first line that may be a subscriber's row is not repeated."""
    if not all(_NAME.fullmatch(name.strip()) for name in found):
        return f"Its {len(found)} columns are not all names: is the first line a header?"
    plain = {re.sub(r"\W+", "_", name.strip().lower()): name.strip() for name in found}
    guesses = {column: difflib.get_close_matches(column, plain, 1, 0.75) for column in missing}
    suggestions = [f"Did you mean '{plain[close[0]]}' for {column}?" for column, close in guesses.items() if close]
    listed = ", ".join([*plain.values()][:MAX_LISTED]) + (", …" if len(plain) > MAX_LISTED else "")
    return " ".join([f"Its columns are {listed or 'none'}.", *suggestions])
