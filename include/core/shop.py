"""The shop, as its file says: its name, where people can write to, the topics of its mail, and its money.

`include/shop.yaml`, or the file that `TRADEWIND_SHOP` names. A topic is declared there and nowhere else: campaign files, the
ledger and the preference page all ask here, so that a misspelt topic is an error and not one that nobody has declined.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from include.core.errors import ConfigurationError
from include.core.paths import shop_file
from include.core.yaml_file import StrictModel, read

MARKETING, TRACKING = "marketing", "tracking"
"""What people consent to besides topics; no topic may be called so."""
Texts = Annotated[dict[str, Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1)]
"""The same words in several languages, by locale."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""


class UnknownTopic(ConfigurationError):
    """A topic that the shop's file does not declare."""


class Topic(StrictModel):
    """A kind of mail that a person may decline without leaving. `label` and `description` by locale."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    label: Texts
    description: Texts


class Shop(StrictModel):
    """Who writes. Somebody reads what comes to `contact`; `default_locale` is for people whose language we do not have.

    `currency` is the one that revenue is counted in, `exchange_rates` what one unit of another is worth in it.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)]
    contact: Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", max_length=254)]
    default_locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    topics: tuple[Topic, ...]
    currency: Currency = "USD"
    exchange_rates: dict[Currency, Annotated[float, Field(gt=0, lt=1e9)]] = Field(default_factory=dict)
    exchange_rates_as_of: date | None = None

    @field_validator("name")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a control character")
        return value

    @field_validator("topics")
    @classmethod
    def _topics_differ(cls, value: tuple[Topic, ...]) -> tuple[Topic, ...]:
        if len({topic.id for topic in value}) != len(value):
            raise ValueError("two topics have the same id")
        if taken := {topic.id for topic in value} & {MARKETING, TRACKING}:
            raise ValueError(f"no topic can be called {' or '.join(sorted(taken))}")
        return value

    @model_validator(mode="after")
    def _default_is_there(self) -> Shop:
        for topic in self.topics:
            if self.default_locale not in topic.label.keys() & topic.description.keys():
                raise ValueError(f"the topic {topic.id} has no words in the default locale {self.default_locale}")
        return self

    @model_validator(mode="after")
    def _rates_are_dated(self) -> Shop:
        if self.currency in self.exchange_rates:
            raise ValueError(f"{self.currency} is the currency itself and needs no rate")
        if self.exchange_rates and self.exchange_rates_as_of is None:
            raise ValueError("exchange_rates need the day that they are of, exchange_rates_as_of")
        return self

    def rates(self) -> dict[str, Decimal]:
        """What one unit of each known currency is worth in `currency`, that one included."""
        return {self.currency: Decimal(1)} | {name: Decimal(str(rate)) for name, rate in self.exchange_rates.items()}

    def require_topics(self, named: Iterable[str], where: str) -> None:
        """Raises `UnknownTopic`, which says what was meant, for a topic that is not declared."""
        known = [topic.id for topic in self.topics]
        for name in named:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                meant = f"Did you mean {near[0]}? " if near else ""
                remedy = f"{meant}Topics are declared in {shop_file().name}: {', '.join(known) or 'none'}."
                raise UnknownTopic(f"the topic {_shown(name)} does not exist.", where=where, remedy=remedy)


def load_shop(path: Path | None = None) -> Shop:
    """The shop's file, read again when it changed. Raises `ConfigurationError` with file, line and field."""
    path = path or shop_file()
    try:
        state = path.stat()
    except OSError:
        raise ConfigurationError(
            "does not exist.", where=str(path), remedy="Restore include/shop.yaml, or let TRADEWIND_SHOP name the file."
        ) from None
    return _read(path, (state.st_mtime_ns, state.st_size, state.st_ino))


def in_language(texts: Mapping[str, str], locale: str, default: str) -> str:
    """The words for a locale: its own, its language's, else the default's."""
    return next(texts[tag] for tag in (locale, locale.split("-")[0], default) if tag in texts)


@cache
def _read(path: Path, _state: tuple[Any, ...]) -> Shop:
    return read(path, Shop, example="docs/edge.md")


def _shown(name: str) -> str:
    """A topic's name as an error may show it: what is no identifier may be anything, an address too."""
    return f"'{name}'" if name.isascii() and name.isidentifier() and len(name) < 60 else "that is named"
