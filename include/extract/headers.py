"""Which of a source's columns is which of the contract's, and what to say where one is missing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from include.core.errors import SourceError
from include.extract.contract import Relation

_NAME = re.compile(r"[^\W\d][\w .\-/()]{0,63}")
MAX_NAMED = 30


def matched(relation: Relation, found: Sequence[str]) -> dict[str, str]:
    """Contract name to the source's own: capitals and spaces around a name make no difference, an exact name wins."""
    own = {name.strip().lower(): name for name in reversed(found)}
    names = {column: column if column in found else own.get(column) for column in relation.columns}
    return {column: name for column, name in names.items() if name is not None}


def quoted(name: str) -> str:
    """A name as an SQL identifier, as it stands."""
    return '"' + name.replace('"', '""') + '"'


def missing_columns(relation: Relation, found: Sequence[str], place: str, remedy: str) -> SourceError:
    """The error for columns that the contract needs, with what the source has in their place."""
    has = matched(relation, found)
    missing = [column for column in relation.required if column not in has]
    return SourceError(
        f"the relation {relation.name} has no column {', '.join(missing)}.",
        where=place,
        remedy=f"{_found(found, missing)} {remedy}",
    )


def _found(found: Sequence[str], missing: Sequence[str]) -> str:
    """What the columns are called, with guesses. A first line that is a person's row is not repeated."""
    if not all(_NAME.fullmatch(name.strip()) for name in found):
        return f"Its {len(found)} columns are not all names: is the first line a header?"
    plain = {re.sub(r"\W+", "_", name.strip().lower()): name.strip() for name in found}
    guesses = {column: difflib.get_close_matches(column, plain, 1, 0.75) for column in missing}
    asked = [f"Did you mean '{plain[close[0]]}' for {column}?" for column, close in guesses.items() if close]
    named = ", ".join(plain.values()) if len(plain) <= MAX_NAMED else f"{', '.join([*plain.values()][:MAX_NAMED])}, …"
    return " ".join([f"Its columns are {named or 'none'}.", *asked])
