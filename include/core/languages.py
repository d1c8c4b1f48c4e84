"""Languages that exist, by the codes of BCP 47, and those that were meant by a country's code or an English name."""

from __future__ import annotations

_USUAL = frozenset({
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "ga", "gl", "he", "hi", "hr", "hu",
    "id", "is", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq",
    "sr", "sv", "th", "tr", "uk", "vi", "zh",
})  # fmt: skip
"""Known without the data of Babel, whose import takes a tenth of a second in every process that reads campaigns."""


def require_language(locale: str) -> str:
    """The locale. Raises `ValueError` with the language that was probably meant."""
    language = locale.replace("_", "-").split("-")[0].lower()
    if language in _USUAL:
        return locale
    from babel import localedata

    if len(language) > 3 or not localedata.exists(language):
        near = _meant(language)
        remedy = f"Did you mean {near}?" if near else "Write a language, as in en, or a language and a country: de-AT."
        raise ValueError(f"'{locale[:40]}' is not a language. {remedy}")
    return locale


def _meant(word: str) -> str:
    """The language of a country whose code was written instead (`jp`), or of a name (`german`)."""
    from babel import Locale
    from babel.languages import get_official_languages

    named = {name.lower(): code for code, name in Locale("en").languages.items()}
    return named.get(word) or next(iter(get_official_languages(word.upper())), "")
