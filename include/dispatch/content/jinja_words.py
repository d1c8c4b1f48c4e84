"""Says in a writer's words what Jinja could not read or render; its own texts are written for programmers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from jinja2 import TemplateAssertionError, TemplateError, TemplateNotFound, UndefinedError

from include.core.suggestion import did_you_mean, suggest
from include.dispatch.content.jinja_sentences import of_syntax_error

FIX = "Fix that line."
_ATTRIBUTE = re.compile(r"'(.*)' has no attribute '(.*)'")
_EXPORT = re.compile(r"the template '(.*?)' .*does not export the requested name '(.*)'")
_NAMED = re.compile(r"No (filter|test) named '(.*?)'")
_UNDEFINED = re.compile(r"'(.*)' is undefined")
_ARGUMENT = re.compile(r"parameter '(.*)' was not provided")
_PRODUCT = ("id", "name", "price", "currency", "url", "image")
Names = Callable[[str], Iterable[str]]
"""The names that a template defines, by its own name."""


def in_words(
    error: TemplateError, *, templates: Iterable[str] = (), filters: Iterable[str] = (), macros: Names = lambda _name: ()
) -> tuple[str, str]:
    """What is wrong and the remedy. The names that exist are those from which the one that was meant is suggested."""
    message = (error.message or type(error).__name__).rstrip(".")
    if isinstance(error, TemplateNotFound):
        return f"there is no file '{error.name}'.", f"{suggest(str(error.name), templates, kind='files')} {FIX}"
    if isinstance(error, UndefinedError):
        return _undefined(message, macros)
    if isinstance(error, TemplateAssertionError) and (named := _NAMED.match(message)):
        kind, name = named.groups()
        near = did_you_mean(name, filters) if kind == "filter" else ""
        return f"there is no {kind} {name}.", f"{near} docs/templates.md lists the filters. {FIX}".strip()
    return of_syntax_error(message)


def is_of_caller(error: TemplateError) -> bool:
    """Whether the line to correct is not the one that raised the error, in a macro, but the one that calls the macro."""
    return bool(_ARGUMENT.match(error.message or ""))


def of_python(error: Exception) -> str:
    """What is wrong where a filter, a test or a calculation raised one of Python's errors, whose text says nothing here."""
    return f"a filter or a calculation does not work with this value ({type(error).__name__})."


def _undefined(message: str, macros: Names) -> tuple[str, str]:
    if export := _EXPORT.match(message):
        return f"{export[1]} has no macro '{export[2]}'.", f"{suggest(export[2], macros(export[1]), kind='macros')} {FIX}"
    if argument := _ARGUMENT.match(message):
        return f"a macro is called without its argument {argument[1]}.", "Write it between the brackets of the call."
    if attribute := _ATTRIBUTE.match(message):
        near = did_you_mean(attribute[2], _PRODUCT)
        return f"there is no '{attribute[2]}' here.", f"{near or 'Check its name.'} {FIX}"
    if undefined := _UNDEFINED.match(message):
        return f"{undefined[1]} is not defined.", f"Check its name, or set it before. {FIX}"
    return f"{message}.", FIX
