"""Says what a YAML parser cannot read, in the words of somebody who edits the file."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from include.core.finding import Finding

_INDENT = "Fields of one level start in the same column; a field's own fields are two spaces further to the right."
_QUOTE = "Put the value into quotes."
_SYNTAX = (
    (
        "mapping values are not allowed",
        "there is a second colon, or the line is indented too far",
        f"{_INDENT} Put text that contains ': ' into quotes.",
    ),
    ("did not find expected key", "the indentation is wrong, or a quote is missing", _INDENT),
    ("could not find expected ':'", "there is no colon after the field's name", "Write field: value."),
    ("expected <block end>", "the indentation is wrong", _INDENT),
    ("did not find expected '-' indicator", "the indentation of the list is wrong", "Start each entry in the same column."),
    ("did not find expected ',' or ']'", "a list in brackets is not closed", "Write [one, two]."),
    ("did not find expected node content", "a value is missing, or a bracket is not closed", "Write [one, two]."),
    ("did not find expected ',' or '}'", "a brace is not closed", "Put text that starts with { into quotes."),
    ("unexpected end of stream", "a quote or a bracket is not closed", "Close it."),
    ("found unexpected end", "a quote is not closed", "Close the quote."),
    ("cannot start any token", "a value starts with a character that has a meaning in YAML (@, `, %)", _QUOTE),
    ("unknown escape character", "a backslash in double quotes starts an unknown escape", "Use single quotes."),
    ("found undefined alias", "a value starts with *, which refers to something that does not exist", _QUOTE),
    ("but found another document", "there is a second document after ---", "Remove the line ---, or make two files."),
    ("could not determine a constructor", "a value starts with !, which is a tag of YAML", _QUOTE),
    ("found unhashable key", "a name is a list or has fields of its own", "Write field: value."),
    ("control characters are not allowed", "there is a control character", "Delete it."),
)
"""Words of libyaml and PyYAML, what they mean in such a file, and what to do."""
_DATE = re.compile(r"(?<![\w-])\d{4}-\d\d?-\d\d?(?![\w-])")


def syntax_finding(path: Path, text: str, error: Exception) -> Finding:
    """The finding for an error of PyYAML or libyaml in `text`."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or "")
    number = mark.line + 1 if mark else 1
    lines = text.splitlines()
    tab = next((at for at, line in enumerate(lines, 1) if "\t" in line[: len(line) - len(line.lstrip())]), None)
    if tab is not None:
        return Finding("error", path, tab, "is indented with a tab.", "Indent with spaces.")
    if isinstance(error, RecursionError):
        return Finding("error", path, number, "is nested too deeply.", "Write plain fields.")
    if isinstance(error, ValueError) and not problem and (found := _impossible_date(lines)):
        line, text = found
        return Finding("error", path, line, f"'{text}' is not a date of the calendar.", "Write for example 2026-12-24.")
    for words, what, remedy in _SYNTAX:
        if words in problem:
            return Finding("error", path, min(number, len(lines)), f"is not YAML: {what}.", remedy)
    return Finding("error", path, min(number, len(lines)), "is not YAML.", "Correct this line, or the one before it.")


def _impossible_date(lines: list[str]) -> tuple[int, str] | None:
    """The first date that does not exist, with its line: YAML reads dates, and says nothing of where it failed."""
    for line, text in enumerate(lines, 1):
        for found in _DATE.finditer(text):
            try:
                date(*map(int, found[0].split("-")))
            except ValueError:
                return line, found[0]
    return None
