"""The texts of the pages by language, and the choice of a language for a request.

One file per language in `texts/`; a new file adds a language. All files must have the same keys, or the edge does not start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from markupsafe import Markup, escape
from starlette.requests import Request

from include.core.errors import ConfigurationError

_FOLDER = Path(__file__).parent / "texts"
QUERY = "l"
"""The parameter of a link that names its mail's language. The URI of the List-Unsubscribe header has none."""


class Texts:
    """The texts of one language: `text("unsubscribe.title")`. Inserted values are escaped, unless they are Markup."""

    def __init__(self, locale: str, texts: Mapping[str, str]) -> None:
        self.locale, self.direction, self._texts = locale, texts["direction"], texts

    def __call__(self, key: str, **given: str) -> Markup:
        return escape(self._texts[key]).format(**given)

    def date(self, moment: datetime) -> Markup:
        """The day of a moment in UTC, for people and for machines."""
        try:
            written = format_date(moment, "long", locale=Locale.parse(self.locale, sep="-"))
        except (UnknownLocaleError, ValueError):
            written = f"{moment:%Y-%m-%d}"
        return Markup('<time datetime="{}">{}</time>').format(f"{moment:%Y-%m-%d}", written)


def load_texts(folder: Path = _FOLDER) -> dict[str, Texts]:
    """Every language, by locale in lower case. Raises `ConfigurationError` where a file's keys are not those of en.yaml."""
    found = {path.stem: dict(_flat(yaml.safe_load(path.read_text(encoding="utf-8")))) for path in folder.glob("*.yaml")}
    for locale, texts in found.items():
        if differing := sorted(texts.keys() ^ found["en"].keys()):
            what = f"{differing[0]} is missing from {locale}.yaml or from en.yaml."
            raise ConfigurationError(what, where=str(folder), remedy="Add it to both.")
    return {locale.lower(): Texts(locale, texts) for locale, texts in found.items()}


def _flat(texts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


_TEXTS = load_texts()


def texts_for(request: Request, default_locale: str) -> Texts:
    """The language that the link names, else the browser's, else the default, else English."""
    wanted = [
        request.query_params.get(QUERY, ""),
        *_accepted_languages(request.headers.get("accept-language", "")),
        default_locale,
    ]
    return next((texts for tag in wanted if (texts := _find(tag)) is not None), _TEXTS["en"])


def language_query(request: Request) -> str:
    """The query for links between pages: the language that the request's link names, if there are texts for it."""
    texts = _find(request.query_params.get(QUERY, ""))
    return f"?{QUERY}={texts.locale}" if texts else ""


def _find(tag: str) -> Texts | None:
    tag = tag.strip().lower().replace("_", "-")
    return _TEXTS.get(tag) or _TEXTS.get(tag.split("-")[0])


def _accepted_languages(header: str) -> Iterator[str]:
    """The tags of Accept-Language, in order of preference (RFC 9110, 12.5.4); an unreadable part is skipped."""
    ranges = []
    for part in header[:500].split(","):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.partition("=")[2]) if weight.strip() else 1.0
        except ValueError:
            continue
        if quality > 0:
            ranges.append((quality, tag))
    yield from (tag for _, tag in sorted(ranges, key=lambda entry: -entry[0]))
