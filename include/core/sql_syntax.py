"""Says what is wrong with a query that cannot be parsed, in the words of somebody who edits the file."""

from __future__ import annotations

import re

import duckdb
import sqlglot

from include.core.suggestion import closest

_KEYWORDS = (
    "select", "from", "where", "inner", "left", "join", "using", "group", "order", "having", "union", "except", "intersect",
    "with", "distinct", "between", "interval", "exists", "case", "when", "then", "else", "qualify", "limit",
)  # fmt: skip
_LOOK = "Look at that word and the one before it, and at commas, quotes and brackets."
_LINE = re.compile(r"^LINE (\d+):", re.MULTILINE)
_NEAR = re.compile(r'at or near "(.*?)"$', re.MULTILINE | re.DOTALL)
_OPEN = {
    "quoted string": ("a quote ' is not closed", "Close it; a text that contains ' has '' in its place."),
    "quoted identifier": ('a quote " is not closed', "Close it; a text stands in single quotes."),
    "/* comment": ("a comment is not closed", "Write */ where it ends."),
}


def of_duckdb(statement: str, error: duckdb.Error) -> tuple[int, str, str]:
    """The line within the statement, what is wrong, and the remedy, for what DuckDB's parser raised."""
    text = str(error)
    found, last = _LINE.search(text), statement.rstrip().count("\n") + 1
    line = int(found[1]) if found else last
    for kind, (what, remedy) in _OPEN.items():
        if f"unterminated {kind}" in text:
            return line, f"is not SQL: {what}.", remedy
    if "end of input" in text:
        return last, "is not SQL: it ends too early.", "Finish the last condition, and close what is open."
    word = near[1] if (near := _NEAR.search(text)) else ""
    before = " ".join(statement.splitlines()[:line]).rpartition(word)[0] if word else ""
    return line, f"is not SQL{_at(word)}.", _remedy(word, before)


def of_sqlglot(error: sqlglot.errors.ParseError) -> tuple[int, str, str]:
    """As `of_duckdb`, for what only sqlglot cannot parse."""
    details = error.errors[0] if error.errors else {}
    word, before = str(details.get("highlight") or "").strip(), str(details.get("start_context") or "")
    return int(details.get("line") or 1), f"is not SQL{_at(word)}.", _remedy(word, before)


def _at(word: str) -> str:
    return f" at '{word[:40]}'" if word.strip() else ""


def _remedy(word: str, before: str) -> str:
    """What was probably meant: a keyword that is misspelt, at the place of the error or before it."""
    for one in (*before.split()[-1:], word):
        near = closest(one, _KEYWORDS) if one.isalpha() and one.lower() not in _KEYWORDS else None
        if near:
            return f"Did you mean {near} instead of {one[:40]}? {_LOOK}"
    return _LOOK
