"""Literals of parameters: `90`, `0.5`, `true`, `'jazz'`, `date '2026-11-24'`, `['jazz', 'soul']`.

They are the defaults in the header of an SQL file and the values that a campaign or a segment gives instead. They are read
into Python values, which are bound to prepared statements: a value never becomes part of a statement's text.
"""

from __future__ import annotations

import re
from datetime import date

Scalar = bool | int | float | str | date
Literal = Scalar | list[Scalar]

_SCALAR = r"(?:-?\d+\.\d+|-?\d+|true\b|false\b|date\s*'\d{4}-\d\d-\d\d'|'(?:[^']|'')*')"
PATTERN = rf"(?:{_SCALAR}|\[\s*{_SCALAR}(?:\s*,\s*{_SCALAR})*\s*\])"
"""A regular expression of one literal; its parentheses are no groups."""


def read(text: str) -> Literal:
    """The value of a literal. Raises `ValueError` if `text` is not exactly one."""
    text = text.strip()
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text[:60]} is not a number, true, false, a date or a text in single quotes")
    if text.startswith("["):
        return [_scalar(part) for part in re.findall(_SCALAR, text)]
    return _scalar(text)


def write(value: Literal) -> str:
    """The literal of a value; `read` returns the value again."""
    if isinstance(value, list):
        return f"[{', '.join(write(part) for part in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float):
        return f"{value:f}" if "e" in repr(value) else repr(value)
    return f"date '{value}'" if isinstance(value, date) else str(value)


def kind(value: Literal) -> str:
    """The type of a literal, as errors name it."""
    if isinstance(value, list):
        return f"list of {kind(value[0])}s" if value else "list"
    names = {bool: "true or false", int: "whole number", float: "number", str: "text", date: "date"}
    return names[type(value)]


def fitted(value: Literal, default: Literal) -> Literal | None:
    """`value` as the type of `default`; None if it has another type. A whole number is a number too."""
    if isinstance(default, list):
        parts = [fitted(part, default[0]) for part in (value if isinstance(value, list) else [value])]
        return None if None in parts else [part for part in parts if part is not None and not isinstance(part, list)]
    if isinstance(default, float) and type(value) is int:
        return float(value)
    return value if type(value) is type(default) else None


def _scalar(text: str) -> Scalar:
    if text in ("true", "false"):
        return text == "true"
    if text.startswith("date"):
        return date.fromisoformat(text[text.index("'") + 1 : -1])
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return float(text) if "." in text else int(text)
