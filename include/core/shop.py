"""The shop's file: its name, contact address, mail topics, currency and exchange rates.

The file is `include/shop.yaml`, or the value of `TRADEWIND_SHOP`. Topics are declared only there. Campaign files, the ledger
and the preference page check topics against it, so a misspelt topic is an error instead of a topic that nobody has declined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, field_validator, model_validator

from include.core.arrival_hours import QuietHours
from include.core.currencies import require_currency, require_currency_of_any_time
from include.core.errors import ConfigurationError
from include.core.field_errors import FieldError
from include.core.paths import shop_file
from include.core.rules import Rule, RuledModel, rule
from include.core.suggestion import did_you_mean
from include.core.yaml_file import Document, StrictModel, inspect, read

MARKETING, TRACKING, PAUSE = RESERVED = ("marketing", "tracking", "next_30_days")
"""Consents other than topics; reserved as topic ids. `PAUSE` is the answer to "may we send you marketing mail during the
next 30 days?": a no pauses all marketing mail until they have passed, a later yes ends the pause."""
EXAMPLE = "docs/edge.md"
PAUSE_SECONDS = 30 * 86_400
"""How long a no to `PAUSE` is in force. `core.standing` and `people_as_of` have the same number of hours."""
Texts = Annotated[dict[str, Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1)]
"""A text in several languages, by locale."""
_Code = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Currency = Annotated[_Code, AfterValidator(require_currency)]
CurrencyOfAnyTime = Annotated[_Code, AfterValidator(require_currency_of_any_time)]
"""ISO 4217: a currency that is in use, or one that is or was."""


class UnknownTopic(ConfigurationError):
    """A topic that the shop's file does not declare."""


class Topic(StrictModel):
    """A kind of mail that people can decline without unsubscribing from the rest."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    label: Texts
    description: Texts


Host = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]


class Utm(StrictModel):
    """The rule for UTM parameters, which tell web analytics from which mail a visit came.

    Links to `sites` and their subdomains get them; the campaign and, in an experiment, the variant are added by themselves.
    """

    sites: Annotated[tuple[Host, ...], Field(min_length=1)]
    source: Annotated[str, Field(min_length=1, max_length=100)]
    medium: Annotated[str, Field(min_length=1, max_length=100)] = "email"


class GlobalHoldOut(StrictModel):
    """A share of all people who get no marketing mail in a period, to measure what all of it together is worth.

    Who is in it depends on the person and on `name` alone: another name draws other people.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    percent: Annotated[float, Field(gt=0, le=50)]
    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _ordered(self) -> GlobalHoldOut:
        if self.last_day < self.first_day:
            raise ValueError("last_day is before first_day")
        return self

    def is_in_force(self, day: date) -> bool:
        """Whether it applies on a day (UTC)."""
        return self.first_day <= day <= self.last_day


@rule("topics", "default_locale")
def _topics_have_texts(shop: Shop) -> Iterator[FieldError]:
    for at, topic in enumerate(shop.topics):
        if shop.default_locale not in topic.label.keys() & topic.description.keys():
            what = f"topic {topic.id} has no text in the default locale {shop.default_locale}"
            yield FieldError(what, "topics", at)


@rule("currency", "exchange_rates", "exchange_rates_as_of")
def _rates_are_dated(shop: Shop) -> Iterator[FieldError]:
    if shop.currency in shop.exchange_rates:
        what = f"{shop.currency} is the shop's currency and cannot have an exchange rate"
        yield FieldError(what, "exchange_rates", shop.currency)
    if shop.exchange_rates and shop.exchange_rates_as_of is None:
        yield FieldError("exchange_rates require their date, exchange_rates_as_of", "exchange_rates")


class Shop(RuledModel):
    """The sender of all campaigns.

    Mail to `contact` must be read. `default_locale` is used for people whose language is not available. Revenue is counted
    in `currency`; `exchange_rates` are the values of one unit of other currencies in it. Mails load their
    images below `images_url`, by default from the edge.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)]
    contact: Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", max_length=254)]
    default_locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    topics: tuple[Topic, ...]
    currency: Currency = "USD"
    exchange_rates: dict[CurrencyOfAnyTime, Annotated[float, Field(gt=0, lt=1e9)]] = Field(default_factory=dict)
    exchange_rates_as_of: date | None = None
    utm: Utm | None = None
    images_url: Annotated[str | None, Field(pattern=r"^https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*/?$")] = None
    global_hold_out: GlobalHoldOut | None = None
    quiet_hours: QuietHours | None = None

    @field_validator("name")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("contains a control character")
        return value

    @field_validator("topics")
    @classmethod
    def _topics_differ(cls, value: tuple[Topic, ...]) -> tuple[Topic, ...]:
        if len({topic.id for topic in value}) != len(value):
            raise ValueError("two topics have the same id")
        if taken := {topic.id for topic in value} & set(RESERVED):
            raise ValueError(f"a topic cannot have the reserved id {' or '.join(sorted(taken))}")
        return value

    rules: ClassVar[tuple[Rule, ...]] = (_topics_have_texts, _rates_are_dated)

    def rates(self) -> dict[str, Decimal]:
        """The value of one unit of each known currency in `currency`, including `currency` itself."""
        return {self.currency: Decimal(1)} | {name: Decimal(str(rate)) for name, rate in self.exchange_rates.items()}

    def require_topics(self, named: Iterable[str], where: str) -> None:
        """Raise `UnknownTopic` for an undeclared topic; the remedy suggests the nearest one."""
        known = [topic.id for topic in self.topics]
        for name in named:
            if name not in known:
                meant = did_you_mean(name, known)
                declared = f"Topics are declared in {shop_file().name}: {', '.join(known) or 'none'}."
                remedy = " ".join(part for part in (meant, declared) if part)
                raise UnknownTopic(f"the topic {_shown(name)} does not exist.", where=where, remedy=remedy)


def load_shop(path: Path | None = None) -> Shop:
    """The shop's file; a changed file is read again. Raises `ConfigurationError` with file, line and field."""
    path = path or shop_file()
    try:
        state = path.stat()
    except OSError:
        raise ConfigurationError(
            "does not exist.", where=str(path), remedy="Restore include/shop.yaml, or set TRADEWIND_SHOP to the file."
        ) from None
    return _read(path, (state.st_mtime_ns, state.st_size, state.st_ino))


def inspect_shop() -> Document[Shop]:
    """The shop's file with everything that is wrong with it."""
    return inspect(shop_file(), Shop, example=EXAMPLE)


def in_language(texts: Mapping[str, str], locale: str, default: str) -> str:
    """The text for a locale; else for its language; else for the default locale."""
    return next(texts[tag] for tag in (locale, locale.split("-")[0], default) if tag in texts)


@cache
def _read(path: Path, _state: tuple[Any, ...]) -> Shop:
    return read(path, Shop, example=EXAMPLE)


def _shown(name: str) -> str:
    """The topic's name for an error. Names that are not identifiers are not shown: they might be addresses."""
    return f"'{name}'" if name.isascii() and name.isidentifier() and len(name) < 60 else "(not an identifier)"
