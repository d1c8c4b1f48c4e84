"""Template filters: Jinja's, without those that bypass escaping, and three that format for the locale."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from datetime import date as Date
from decimal import Decimal
from typing import Any

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from jinja2 import pass_environment

from include.core.shop import load_shop

FORBIDDEN = frozenset(
    {"safe", "e", "escape", "forceescape", "tojson", "xmlattr", "urlize", "pprint", "attr", "random", "format"}
)
"""Jinja filters that return text as markup, inspect objects, or are not deterministic."""

PERSON_FILTERS = frozenset({
    "default", "d", "upper", "lower", "title", "capitalize", "trim", "truncate", "replace", "round", "int", "float", "abs",
    "string", "date", "number", "money", "wordwrap", "first", "last", "length",
})  # fmt: skip
"""Filters that can be applied to a person's value outside a `{% personal %}` block."""


def babel_locale(locale: str) -> Locale:
    """The closest locale that Babel supports, else English."""
    for candidate in (locale, locale.replace("_", "-").split("-")[0]):
        try:
            return Locale.parse(candidate, sep="-" if "-" in candidate else "_")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def text_direction(locale: str) -> str:
    """`rtl` for a language that is written from right to left, such as Arabic, Hebrew and Persian; else `ltr`."""
    return "rtl" if babel_locale(locale).character_order == "right-to-left" else "ltr"


def _locale(environment: Any) -> Locale:
    return babel_locale(str(environment.globals.get("locale", "en")))


@pass_environment
def date(environment: Any, value: Any, format: str = "long") -> Any:
    """`{{ person.last_purchased_at | date }}`: 24 November 2026, in the locale's format. UTC."""
    day: Date = datetime.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(day, datetime) and day.tzinfo is not None:
        day = day.astimezone(UTC)
    return format_date(day, format=format, locale=_locale(environment))


@pass_environment
def number(environment: Any, value: Any) -> Any:
    """`{{ person.purchases | number }}`: 1,234 or 1.234, in the locale's format."""
    return format_decimal(value, locale=_locale(environment))


@pass_environment
def money(environment: Any, value: Any, currency: str | None = None) -> Any:
    """`{{ person.revenue | money }}`: an amount in the shop's or the given currency, in the locale's format."""
    return format_currency(Decimal(str(value)), currency or load_shop().currency, locale=_locale(environment))


ADDED: dict[str, Callable[..., Any]] = {"date": date, "number": number, "money": money}
