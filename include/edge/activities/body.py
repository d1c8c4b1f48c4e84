"""Reads a posted body: a JSON object, an array of objects, or JSON lines, each an activity.

All activities of a body are valid, or it is rejected as a whole: a client that learns which field of which activity is wrong
can correct it and post the body again. The rules are those of data_quality/activities.py. A problem names index and field,
and never a value or a name of the client's, which might be personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from include.core.activity import NO_PROPERTIES, Activity
from include.edge.nesting import depth

MAX_ACTIVITIES = 10_000
MAX_LISTED = 20
"""The problems that a response lists; the others are counted."""
ID_LENGTH, PROPERTIES_BYTES, MAX_DEPTH = 200, 16 * 1024, 32
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
FIELDS = Activity.__struct_fields__

_element = msgspec.json.Decoder(msgspec.Raw)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
_NAME = re.compile(r"[^\W_][\w .:/-]{0,63}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_UNIX = {9: 1, 10: 1, 12: 1_000, 13: 1_000}
"""The digits of Unix seconds and milliseconds, and how many of them make a second."""


class NotJson(Exception):
    """The body is neither a JSON object, nor an array, nor JSON lines. `line` is the first bad line, from 1."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"not JSON: line {line}")


class TooMany(Exception):
    """The body has more than `MAX_ACTIVITIES`."""


@dataclass(frozen=True)
class Problem:
    """Why one activity of a body is rejected: its index from 0, one of its fields, and a sentence without values."""

    index: int
    field: str
    problem: str


class _Invalid(ValueError):
    """One field cannot be used; the text says why."""


def read(content: bytes, now: datetime) -> tuple[list[Activity], list[Problem]]:
    """The valid activities of a body, and the problems of the others. Raises `NotJson` and `TooMany`."""
    elements = _split(content)
    if len(elements) > MAX_ACTIVITIES:
        raise TooMany
    activities, problems = list[Activity](), list[Problem]()
    for index, element in enumerate(elements):
        found, wrong = _read(element, now)
        problems += [Problem(index, field, why) for field, why in wrong]
        activities += [found] if found else []
    return activities, problems


def _split(content: bytes) -> list[msgspec.Raw]:
    text = content.strip()
    try:
        return _array.decode(text) if text.startswith(b"[") else [_element.decode(text)]
    except (msgspec.MsgspecError, RecursionError):
        return list(_split_lines(text))


def _split_lines(text: bytes) -> Iterator[msgspec.Raw]:
    for number, line in enumerate(text.splitlines() or [b""], start=1):
        try:
            if line.strip() or number == 1:
                yield _element.decode(line)
        except (msgspec.MsgspecError, RecursionError):
            raise NotJson(number) from None


def _read(element: msgspec.Raw, now: datetime) -> tuple[Activity | None, list[tuple[str, str]]]:
    try:
        given = _object.decode(element)
    except (msgspec.MsgspecError, RecursionError):
        return None, [("activity", "is not a JSON object.")]
    values, problems = dict[str, Any](), list[tuple[str, str]]()
    if given.keys() - set(FIELDS):
        problems.append(("activity", f"has a field that is none of {', '.join(FIELDS)}."))
    for field, read_field in _READERS.items():
        try:
            values[field] = read_field(given.get(field, NO_PROPERTIES), now)
        except _Invalid as invalid:
            problems.append((field, str(invalid)))
    return (None, problems) if problems else (Activity(**values), [])


def _text(raw: msgspec.Raw) -> str:
    value = _value(raw)
    if value is None or value == "":
        raise _Invalid("is missing.")
    if not isinstance(value, str):
        raise _Invalid("is not a text.")
    if _UNUSABLE.search(value):
        raise _Invalid("has a control character, or one that could not be decoded.")
    return value


def _value(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise _Invalid("is not valid JSON, or is nested too deeply.") from None


def _activity_id(raw: msgspec.Raw, _now: datetime) -> str:
    value = _text(raw)
    if len(value) > ID_LENGTH:
        raise _Invalid(f"is longer than {ID_LENGTH} characters.")
    return value


def _subscriber_id(raw: msgspec.Raw, now: datetime) -> str:
    value = _activity_id(raw, now)
    if re.search(r"[@\s]", value):
        raise _Invalid("contains an @ or a space: it is the id of a subscriber, not an address.")
    return value


def _name(raw: msgspec.Raw, _now: datetime) -> str:
    value = _text(raw).strip()
    if not _NAME.fullmatch(value):
        raise _Invalid("is not a label: use letters, digits, spaces and _ . : / -, at most 64 characters.")
    return value.lower()


def _happened_at(raw: msgspec.Raw, now: datetime) -> datetime:
    value = _value(raw)
    if value is None:
        raise _Invalid("is missing.")
    moment = _moment(value)
    if moment is None:
        raise _Invalid("is not a time: use ISO 8601, or Unix seconds or milliseconds.")
    if not EARLIEST <= moment <= now + AHEAD:
        raise _Invalid("is before 1990, or more than a day in the future.")
    return moment


def _moment(value: Any) -> datetime | None:
    """The time in UTC, which is also meant where no zone is given."""
    try:
        if isinstance(value, str) and _TIME.fullmatch(value.strip()):
            moment = datetime.fromisoformat(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if type(value) is int and len(str(value)) in _UNIX:
            return datetime.fromtimestamp(value / _UNIX[len(str(value))], UTC)
    except (ValueError, OverflowError):
        return None
    return None


def _properties(raw: msgspec.Raw, _now: datetime) -> msgspec.Raw:
    value = _value(raw)
    if value is None:
        return NO_PROPERTIES
    if not isinstance(value, dict):
        raise _Invalid("is not a JSON object.")
    if depth(value) > MAX_DEPTH:
        raise _Invalid(f"is nested deeper than {MAX_DEPTH} levels.")
    text = msgspec.json.format(bytes(raw), indent=-1)
    if len(text) > PROPERTIES_BYTES:
        raise _Invalid(f"is longer than {PROPERTIES_BYTES} bytes.")
    return msgspec.Raw(text)


_READERS = {
    "activity_id": _activity_id,
    "subscriber_id": _subscriber_id,
    "name": _name,
    "happened_at": _happened_at,
    "properties": _properties,
}
