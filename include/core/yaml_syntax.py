"""Says what a YAML parser cannot read, in the words of somebody who edits the file."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from include.core.finding import Finding

_INDENT = "Fields of one level start in the same column; a field's own fields are two spaces further to the right."
_QUOTE = "Put the value into quotes."
_SYNTAX = (
    ("expected alphabetic or numeric", "a value starts with * or &, which have a meaning in YAML", _QUOTE),
    ("expected comment or line break", "a value starts with | or >, which have a meaning in YAML", _QUOTE),
    ("block sequence entries are not allowed", "a list starts in the line of its name", "Write [one, two]."),
    ("mapping keys are not allowed", "a value starts with ?, which has a meaning in YAML", _QUOTE),
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
_BEGINS = ("while scanning a simple key", "while parsing a flow", "while scanning a quoted scalar")
"""What libyaml was reading where the line to correct is that in which it began."""
_FIELD = re.compile(r"\s*(?:- )?[\w-]+:(?P<space>\s*)(?P<value>.*)")
_QUOTED = {"'": re.compile(r"'(?:[^']|'')*'"), '"': re.compile(r'"(?:[^"\\]|\\.)*"')}
_REST = re.compile(r"\s*(?:#.*)?")
_DATE = re.compile(r"(?<![\w-])\d{4}-\d\d?-\d\d?(?![\w-])")


def syntax_finding(path: Path, text: str, error: Exception) -> Finding:
    """The finding for an error of PyYAML or libyaml in `text`."""
    problem, context = (str(getattr(error, name, None) or "") for name in ("problem", "context"))
    marks = [getattr(error, name, None) for name in ("problem_mark", "context_mark")]
    mark = next(filter(None, reversed(marks) if context.startswith(_BEGINS) else marks), None)
    lines = text.splitlines()
    number = min(mark.line + 1 if mark else 1, len(lines))
    tab = next((at for at, line in enumerate(lines, 1) if "\t" in line[: len(line) - len(line.lstrip())]), None)
    if tab is not None:
        return Finding("error", path, tab, "is indented with a tab.", "Indent with spaces.")
    if isinstance(error, RecursionError):
        return Finding("error", path, number, "is nested too deeply.", "Write plain fields.")
    if isinstance(error, ValueError) and not problem and (found := _impossible_date(lines)):
        line, text = found
        return Finding("error", path, line, f"'{text}' is not a date of the calendar.", "Write for example 2026-12-24.")
    line, what, remedy = _quote(lines, number) or _colon(lines, number, problem) or (number, "", "")
    for words, usual, usual_remedy in _SYNTAX if not what else ():
        if words in problem:
            what, remedy = usual, usual_remedy
            break
    if not what:
        return Finding("error", path, number, "is not YAML.", "Correct this line, or the one before it.")
    return Finding("error", path, line, f"is not YAML: {what}.", remedy)


def _quote(lines: list[str], end: int) -> tuple[int, str, str] | None:
    """A quote that is not closed where it should be, up to the line at which reading stopped."""
    at = 0
    while at < end:
        field, first = _FIELD.fullmatch(lines[at]), at
        value = field["value"] if field else ""
        at += 1
        if value[:1] not in _QUOTED:
            continue
        closed = _QUOTED[value[0]].match(value)
        if closed and not _REST.fullmatch(value, closed.end()):
            what = "there is more text after the closing quote"
            return first + 1, what, "Put all of it into quotes; a text that contains ' stands in double quotes."
        while not closed and at < len(lines):
            value, at = f"{value}\n{lines[at]}", at + 1
            closed = _QUOTED[value[0]].match(value)
        if not closed or not _REST.fullmatch(value, closed.end()):
            return first + 1, "a quote is not closed", "Close the quote."
    return None


def _colon(lines: list[str], number: int, problem: str) -> tuple[int, str, str] | None:
    """A field whose colon is not followed by a space as YAML knows it."""
    for line in (number, number - 1) if "could not find expected ':'" in problem or "mapping values" in problem else ():
        field = _FIELD.fullmatch(lines[line - 1])
        if field and "\N{NO-BREAK SPACE}" in lines[line - 1]:
            return line, "there is a no-break space", "Type an ordinary space in its place."
        if field and field["value"] and not field["space"]:
            return line, "there is no space after the colon", "Write field: value."
    return None


def _impossible_date(lines: list[str]) -> tuple[int, str] | None:
    """The first date that does not exist, with its line: YAML reads dates, and says nothing of where it failed."""
    for line, text in enumerate(lines, 1):
        for found in _DATE.finditer(text):
            try:
                date(*map(int, found[0].split("-")))
            except ValueError:
                return line, found[0]
    return None
