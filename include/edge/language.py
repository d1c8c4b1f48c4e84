"""The pages' words by language, and which language a request is answered in.

One file for each language in `texts/`; a new file is a new language. All have the same keys, or the edge does not start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup, escape
from starlette.requests import Request

from include.core.errors import ConfigurationError

_FOLDER = Path(__file__).parent / "texts"
QUERY = "l"
"""The parameter of a link that names its mail's language. The URI of the List-Unsubscribe header has none."""


class Words:
    """The words of one language: `say("unsubscribe.title")`. What is put in is escaped, unless it is Markup."""

    def __init__(self, locale: str, texts: Mapping[str, str]) -> None:
        self.locale, self.direction, self._texts = locale, texts["direction"], texts

    def __call__(self, key: str, **given: str) -> Markup:
        return escape(self._texts[key]).format(**given)


def load_words(folder: Path = _FOLDER) -> dict[str, Words]:
    """Every language, by locale in lower case. Raises `ConfigurationError` where a file's keys are not those of en.yaml."""
    found = {path.stem: dict(_flat(yaml.safe_load(path.read_text(encoding="utf-8")))) for path in folder.glob("*.yaml")}
    for locale, texts in found.items():
        if differing := sorted(texts.keys() ^ found["en"].keys()):
            what = f"{differing[0]} is in one of {locale}.yaml and en.yaml alone."
            raise ConfigurationError(what, where=str(folder), remedy="Write it in both.")
    return {locale.lower(): Words(locale, texts) for locale, texts in found.items()}


def _flat(texts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


_WORDS = load_words()


def words_for(request: Request, default_locale: str) -> Words:
    """The language that the link names, else the browser's, else the default's, else English."""
    wanted = [request.query_params.get(QUERY, ""), *_accepted(request.headers.get("accept-language", "")), default_locale]
    return next((words for tag in wanted if (words := _spoken(tag)) is not None), _WORDS["en"])


def query_of(request: Request) -> str:
    """What the links between the pages carry on: the language that the link named, where we speak it."""
    words = _spoken(request.query_params.get(QUERY, ""))
    return f"?{QUERY}={words.locale}" if words else ""


def _spoken(tag: str) -> Words | None:
    tag = tag.strip().lower().replace("_", "-")
    return _WORDS.get(tag) or _WORDS.get(tag.split("-")[0])


def _accepted(header: str) -> Iterator[str]:
    """The tags of Accept-Language, the most wanted first (RFC 9110, 12.5.4); what cannot be read is passed over."""
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
