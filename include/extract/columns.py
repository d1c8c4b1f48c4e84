"""Matches the columns of a source with those of the contract, and explains which ones are missing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from include.core.errors import SourceError
from include.extract.contract import Relation

_NAME = re.compile(r"[^\W\d][\w .\-/()]{0,63}")
MAX_LISTED = 30


def match_columns(relation: Relation, found: Sequence[str]) -> dict[str, str]:
    """Contract name → source name. Ignores case and surrounding spaces; an exact match wins."""
    normalised = {name.strip().lower(): name for name in reversed(found)}
    names = {column: column if column in found else normalised.get(column) for column in relation.columns}
    return {column: name for column, name in names.items() if name is not None}


def quote_identifier(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def missing_columns_error(relation: Relation, found: Sequence[str], location: str, remedy: str) -> SourceError:
    """The error for missing required columns, with the columns that the source has and similar names."""
    present = match_columns(relation, found)
    missing = [column for column in relation.required if column not in present]
    return SourceError(
        f"the relation {relation.name} has no column {', '.join(missing)}.",
        where=location,
        remedy=f"{_describe(found, missing)} {remedy}",
    )


def _describe(found: Sequence[str], missing: Sequence[str]) -> str:
    """The source's column names, with suggestions. A first line that may be a subscriber's row is not repeated."""
    if not all(_NAME.fullmatch(name.strip()) for name in found):
        return f"Its {len(found)} columns are not all names: is the first line a header?"
    plain = {re.sub(r"\W+", "_", name.strip().lower()): name.strip() for name in found}
    guesses = {column: difflib.get_close_matches(column, plain, 1, 0.75) for column in missing}
    suggestions = [f"Did you mean '{plain[close[0]]}' for {column}?" for column, close in guesses.items() if close]
    listed = ", ".join([*plain.values()][:MAX_LISTED]) + (", …" if len(plain) > MAX_LISTED else "")
    return " ".join([f"Its columns are {listed or 'none'}.", *suggestions])
