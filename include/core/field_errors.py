"""Says in plain sentences what pydantic found wrong with a field of a file.

pydantic's own texts are written for programmers (`Input should be a valid string`). Each of its error types
(https://docs.pydantic.dev/latest/errors/validation_errors/) that a file can cause has a sentence here.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from include.core.suggestion import suggest

Place = tuple[int | str, ...]
_MAX_SHOWN = 60
_TAG = re.compile(r"[<\[(]|^constrained-")
"""What pydantic adds to the place of an error in a union, such as `literal['none']`; no field is named like it."""


class FieldError(ValueError):
    """An error of a validator that belongs to a field: the place of `field` is relative to the model that raises it."""

    def __init__(self, what: str, *field: int | str, remedy: str = "") -> None:
        self.field, self.remedy = field, remedy
        self.reads: frozenset[str] = frozenset()
        super().__init__(what)

    def depending_on(self, fields: frozenset[str]) -> FieldError:
        """The error, with the fields of its model on which it depends."""
        self.reads = fields
        return self


class BrokenRules(ValueError):
    """All rules across several fields that a model breaks."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(map(str, self.errors)))


def problems(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[Place, str, str]]:
    """Place, sentence and remedy of every error of a `ValidationError` of `model`.

    Unknown fields come first: they are often misspelt names of missing ones. Of a value that may be written in several
    ways, the errors of the way that was probably meant; of a list with wrong entries, not that it has too few right ones.
    """
    found = [(*_read_place(model, problem), problem) for problem in _each(error)]
    ways: dict[Place, dict[str, int]] = {}
    for place, union, way, problem in found:
        if union is not None:
            known = ways.setdefault(union, {})
            known[way] = max(known.get(way, 0), _nearness(place, union, problem))
    for place, union, way, problem in sorted(found, key=lambda one: one[3]["type"] != "extra_forbidden"):
        is_other_way = union is not None and way != max(ways[union], key=lambda name: ways[union][name])
        has_wrong_entries = problem["type"] == "too_short" and any(
            len(other) > len(place) and other[: len(place)] == place for other, *_ in found
        )
        if not is_other_way and not has_wrong_entries:
            yield _describe(model, place, problem)


def described(error: FieldError, place: Place = ()) -> tuple[Place, str, str]:
    """Place, sentence and remedy of an error of the model at `place`."""
    return (*place, *error.field), sentence(str(error)), error.remedy or "Correct that field."


def broken_rules(error: ValidationError) -> list[FieldError]:
    """The rules of the whole model that are broken."""
    causes = [problem.get("ctx", {}).get("error") for problem in error.errors(include_url=False) if not problem["loc"]]
    return [each for cause in causes if isinstance(cause, BrokenRules) for each in cause.errors]


def _each(error: ValidationError) -> Iterator[Mapping[str, Any]]:
    """pydantic's errors; each broken rule is one of its own."""
    for problem in error.errors(include_url=False):
        cause = problem.get("ctx", {}).get("error")
        rules = cause.errors if isinstance(cause, BrokenRules) else ()
        yield from ({**problem, "ctx": {"error": each}} for each in rules)
        if not rules:
            yield problem


def _read_place(model: type[BaseModel], problem: Mapping[str, Any]) -> tuple[Place, Place | None, str]:
    """The place of an error as in the file; the place of the union that it is in, if any, and which of its ways failed."""
    options: list[Any] = [model]
    place, union, way = list[int | str](), None, ""
    for at, part in enumerate(problem["loc"]):
        inside = [found for option in options for found in _inside(option, part)]
        is_name = at == len(problem["loc"]) - 1 and problem["type"] in ("extra_forbidden", "missing")
        if isinstance(part, str) and not is_name and (_TAG.search(part) or (not inside and _is_union(options))):
            union, way = (tuple(place), part) if union is None and part != "[key]" else (union, way)
            continue
        place.append(part)
        options = inside
    return tuple(place), union, way


def _is_union(options: Iterable[Any]) -> bool:
    return any(typing.get_origin(option) in (typing.Union, types.UnionType) for option in options)


def _nearness(place: Place, union: Place, problem: Mapping[str, Any]) -> int:
    """How near a value is to one of the ways to write it: inside, of the right kind, or of another kind."""
    if len(place) > len(union) or problem["type"] in ("value_error", "assertion_error"):
        return 3
    is_nothing_else = problem["type"] == "literal_error" and "'" not in str(problem["ctx"]["expected"]).replace("''", "")
    return 0 if problem["type"].endswith("_type") or is_nothing_else else 2 if isinstance(problem["input"], str) else 1


def _describe(model: type[BaseModel], place: Place, problem: Mapping[str, Any]) -> tuple[Place, str, str]:
    context = problem.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, FieldError):
        return described(cause, place)
    if problem["type"] in ("value_error", "assertion_error"):
        return place, sentence(str(cause or problem["msg"])), "Correct that field."
    if problem["type"] == "extra_forbidden":
        known = _fields(_container(model, place))
        return place, "is not a known field.", suggest(str(place[-1]), known, kind="fields")
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    example = _example(_field(model, place), name)
    if problem["type"] == "missing":
        return place, "is missing.", sentence(f"Add {example or 'it'}")
    what = _SENTENCES.get(problem["type"], _other)(context, problem.get("input"))
    return place, what, sentence(f"Write for example {example}" if example else "Correct that field")


def shown(value: Any) -> str:
    """A value of a file as its author knows it, for an error; its kind if it is long, or could be an address."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (YAML reads yes, no, on and off as true and false: put text into quotes)"
    if isinstance(value, dict):
        return "fields"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value)
    if "@" in text or len(text) > _MAX_SHOWN or not text.isprintable():
        return "a text" if isinstance(value, str) else "a value"
    return f"'{text}'" if isinstance(value, str) else text


def _must(kind: str) -> Callable[[Mapping[str, Any], Any], str]:
    return lambda _, value: f"must be {kind}; this is {shown(value)}."


def _text(_: Mapping[str, Any], value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"must be text; this is {shown(value)}{' (YAML reads a number: put text into quotes)' if is_number else ''}."


def _limit(words: str, key: str) -> Callable[[Mapping[str, Any], Any], str]:
    return lambda context, value: f"must be {words} {context[key]:g}; this is {shown(value)}."


def _choice(context: Mapping[str, Any], value: Any) -> str:
    known = re.findall(r"'([^']*)'", str(context["expected"]))
    near = suggest(value, known, kind="values") if isinstance(value, str) else f"Known values: {', '.join(known)}."
    return f"cannot be {shown(value)}. {near}"


def _pattern(context: Mapping[str, Any], value: Any) -> str:
    words = next((words for pattern, words in _PATTERNS if str(context["pattern"]).startswith(pattern)), "")
    return f"{shown(value)} does not have the right form{f': {words}' if words else ''}."


def _length(context: Mapping[str, Any], _: Any) -> str:
    if "min_length" in context:
        return "is empty." if context["min_length"] == 1 else f"is shorter than {context['min_length']} characters."
    return f"is longer than {context['max_length']} characters."


def _entries(context: Mapping[str, Any], _: Any) -> str:
    if "min_length" in context:
        return f"needs {context['min_length']} {'entry' if context['min_length'] == 1 else 'entries'} or more."
    return f"has more than {context['max_length']} entries."


def _other(_: Mapping[str, Any], value: Any) -> str:
    return f"cannot be {shown(value)}."


_PATTERNS = (
    ("^[a-z][a-z0-9_]", "lower-case letters, digits and underscores, with a letter at the start"),
    ("^[A-Za-z]{2,8}([-_]", "a language, and a country where it matters, as in en or de-AT"),
    ("^[A-Za-z]{2,8}(-", "a language, and a country where it matters, as in en or de-AT"),
    ("^[\\x21-\\x3f", "an e-mail address in ASCII"),
    ("^[A-Za-z0-9._+-]+@", "an e-mail address in ASCII"),
    ("^[A-Z]{3}$", "three capital letters, as in EUR"),
    ("^d-[0-9a-f]", "d- and 32 digits or letters from a to f, as SendGrid shows it"),
)
"""How the patterns of the models read, by their beginning."""
_WHOLE, _NUMBER = _must("a whole number"), _must("a number")
_DATE = _must("a date, as in 2026-12-24")
_YES_NO, _LIST, _FIELDS = _must("true or false"), _must("a list, as in [one, two]"), _must("fields, indented below it")
_SENTENCES: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "string_type": _text, "string_sub_type": _text,
    "int_type": _WHOLE, "int_parsing": _WHOLE, "int_from_float": _WHOLE, "int_parsing_size": _WHOLE,
    "float_type": _NUMBER, "float_parsing": _NUMBER, "finite_number": _NUMBER,
    "decimal_type": _NUMBER, "decimal_parsing": _NUMBER,
    "bool_type": _YES_NO, "bool_parsing": _YES_NO,
    "list_type": _LIST, "tuple_type": _LIST, "set_type": _LIST, "frozen_set_type": _LIST, "iterable_type": _LIST,
    "dict_type": _FIELDS, "model_type": _FIELDS, "model_attributes_type": _FIELDS, "mapping_type": _FIELDS,
    "date_type": _DATE, "date_parsing": _DATE, "date_from_datetime_parsing": _DATE, "date_from_datetime_inexact": _DATE,
    "literal_error": _choice, "enum": _choice, "string_pattern_mismatch": _pattern,
    "string_too_short": _length, "string_too_long": _length, "too_short": _entries, "too_long": _entries,
    "greater_than": _limit("more than", "gt"), "greater_than_equal": _limit("at least", "ge"),
    "less_than": _limit("less than", "lt"), "less_than_equal": _limit("at most", "le"),
}  # fmt: skip


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends a sentence already."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _inside(annotation: Any, part: int | str) -> list[Any]:
    """The annotations of a part of a value: of a model's field, an entry of a list, a value of a dict."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = _fields(annotation).get(str(part))
        return [field.annotation] if field else []
    given = typing.get_args(annotation)
    if typing.get_origin(annotation) in (dict, Mapping):
        return [given[1]]
    if typing.get_origin(annotation) in (tuple, list) and isinstance(part, int):
        return [given[0]]
    return [found for option in given for found in _inside(option, part)]


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation such as `Sender | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for option in typing.get_args(annotation) for model in _models(option)]


def _container(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """The model that the last field of `place` belongs to."""
    options: list[Any] = [model]
    for part in place[:-1]:
        options = [found for option in options for found in _inside(option, part)]
    return next((found for option in options for found in _models(option)), None)


def _field(model: type[BaseModel], place: Place) -> FieldInfo | None:
    """The field that `place` names; of an entry of a list, the list's field."""
    while place and isinstance(place[-1], int):
        place = place[:-1]
    return _fields(_container(model, place)).get(str(place[-1])) if place else None


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()} if model else {}


def _example(field: FieldInfo | None, name: str) -> str:
    """`field: value` with the first example of the field, if it has one of a single line."""
    example = (field.examples or [None])[0] if field else None
    if isinstance(example, list):
        example = f"[{', '.join(map(str, example))}]"
    return f"{name}: {example}" if example is not None and not isinstance(example, dict) else ""
