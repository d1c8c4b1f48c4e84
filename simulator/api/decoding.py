"""Decodes a request body into a `Mail`, or into the problems of its JSON and types."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from simulator.api.payload import DECODER, HELP, Mail, Personalization
from simulator.api.responses import Problem

NOT_JSON = Problem("Bad Request", None, None)


def decode(body: bytes) -> Mail | list[Problem]:
    """The mail, or one problem per wrong field and personalization."""
    try:
        return DECODER.decode(body)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [NOT_JSON]
    try:
        return type_problems(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [NOT_JSON]


def type_problems(raw: Any) -> list[Problem]:
    """Slow path for bodies with a wrong type: converts each field and each personalization separately."""
    if not isinstance(raw, dict):
        return [Problem(f"Invalid type. Expected: object, given: {json_type(raw)}.", "(root)", HELP)]
    found = [_problem({key: value}, Mail, "") for key, value in raw.items() if key != "personalizations"]
    people = raw.get("personalizations", [])
    if isinstance(people, list):
        found += [_problem(person, Personalization, f"personalizations.{at}") for at, person in enumerate(people)]
    else:
        found.append(_problem({"personalizations": people}, Mail, ""))
    return [one for one in found if one]


def _problem(raw: Any, kind: type, prefix: str) -> Problem | None:
    try:
        msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        return _said(str(error), raw, prefix)
    return None


def _said(text: str, raw: Any, prefix: str) -> Problem:
    """msgspec's error message in SendGrid's format: its path becomes `personalizations.0.to.0.email`."""
    what, _, path = text.partition(" - at `$")
    field, value = _locate(path.rstrip("`"), raw)
    field = ".".join(part for part in (prefix, field) if part) or "(root)"
    if unknown := re.search(r"unknown field `(.*)`", what):
        return Problem(f"Additional property {unknown[1]} is not allowed", field, HELP)
    expected = re.search(r"Expected `([^`|]*)", what)
    wanted = NAMES.get(expected[1].strip(), expected[1].strip()) if expected else "valid value"
    return Problem(f"Invalid type. Expected: {wanted}, given: {json_type(value)}.", field, HELP)


def _locate(path: str, raw: Any) -> tuple[str, Any]:
    """The dotted path and its value; msgspec's `[...]` (any value of a dict) resolves to the first non-string."""
    parts: list[str] = []
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", path):
        key: Any = name or index
        if index == "...":
            key = next(k for k, value in raw.items() if not isinstance(value, str))
        raw = raw[int(key) if isinstance(raw, list) else key]
        parts.append(str(key))
    return ".".join(parts), raw


NAMES = {"str": "string", "int": "integer", "bool": "boolean", "object": "object", "array": "array"}


def json_type(value: Any) -> str:
    """The JSON name of a value's type."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    kinds = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), type(value).__name__)
