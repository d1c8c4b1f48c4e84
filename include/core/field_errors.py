"""Says in plain sentences what pydantic found wrong with a field of a file.

pydantic's own texts are written for programmers (`Input should be a valid string`). Each of its error types
(https://docs.pydantic.dev/latest/errors/validation_errors/) that a file can cause has a sentence here.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from include.core.suggestion import suggest

Place = tuple[int | str, ...]
_MAX_SHOWN = 60
_UNION = re.compile(r"<\w+>")
"""The tag of a union, which pydantic adds to the place of an error; no field is named like it."""


class FieldError(ValueError):
    """An error of a validator that belongs to a field: the place of `field` is relative to the model that raises it."""

    def __init__(self, what: str, *field: int | str, remedy: str = "") -> None:
        self.field, self.remedy = field, remedy
        super().__init__(what)


def describe(model: type[BaseModel], problem: Mapping[str, Any]) -> tuple[Place, str, str]:
    """Place, sentence and remedy of one error of a `ValidationError` of `model`."""
    place: Place = tuple(part for part in problem["loc"] if not _UNION.fullmatch(str(part)))
    context = problem.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, FieldError):
        return (*place, *cause.field), _sentence(str(cause)), cause.remedy or "Correct that field."
    if problem["type"] in ("value_error", "assertion_error"):
        return place, _sentence(str(cause or problem["msg"])), "Correct that field."
    if problem["type"] == "extra_forbidden":
        known = _fields(_container(model, place))
        return place, "is not a known field.", suggest(str(place[-1]), known, kind="fields")
    example = _example(_field(model, place), str(place[-1]) if place else "")
    if problem["type"] == "missing":
        return place, "is missing.", f"Add {example}." if example else "Add it."
    what = _SENTENCES.get(problem["type"], _other)(context, problem.get("input"))
    return place, what, f"Write for example {example}." if example else "Correct that field."


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
)
"""How the patterns of the models read, by their beginning."""
_TEXT, _WHOLE, _NUMBER = _must("text"), _must("a whole number"), _must("a number")
_DATE = _must("a date, as in 2026-12-24")
_YES_NO, _LIST, _FIELDS = _must("true or false"), _must("a list, as in [one, two]"), _must("fields, indented below it")
_SENTENCES: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "string_type": _TEXT, "string_sub_type": _TEXT,
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


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


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
