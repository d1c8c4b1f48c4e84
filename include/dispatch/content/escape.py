"""Escapes values for their context. A person's value is data: shown literally, never read as markup, link or header."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote

import markupsafe
from markupsafe import Markup

from include.dispatch.content.escaping_context import ATTRIBUTE, HEADER, HTML, TEXT, URL_PART, URL_WHOLE

DEAD_LINK = "#"
"""Replaces a link that is not http, https or mailto."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ue000\ue001\ud800-\udfff]")
_BREAK = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_SAFE_LINK = re.compile(r"(?:https?://[^\s/?#\\@:]+(?:[/?#:][^\\]*)?|mailto:[^\s?@]+@[^\s@]+)", re.IGNORECASE | re.DOTALL)
_URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%-._~"


def plain(value: Any) -> str:
    """Text without control characters and without bidirectional overrides."""
    return _CONTROL.sub("", value if isinstance(value, str) else str(value))


def is_blank(value: str) -> bool:
    """Whether a text has no visible characters."""
    return not value or value.isspace() or not plain(value).strip()


def _markup(text: str) -> str:
    return str(markupsafe.escape(text))


def _header(value: Any) -> str:
    return plain(_BREAK.sub(" ", str(value))).strip()


def _attribute(value: Any) -> str:
    return _markup(_header(value))


def _url_whole(value: Any) -> str:
    link = plain(value).strip()
    if not _SAFE_LINK.fullmatch(link):
        return DEAD_LINK
    return _markup(quote(link, safe=_URL_CHARACTERS))


def _url_part(value: Any) -> str:
    return quote(plain(value), safe="")


ESCAPERS = {
    HTML: lambda value: _markup(plain(value)),
    ATTRIBUTE: _attribute,
    URL_WHOLE: _url_whole,
    URL_PART: _url_part,
    TEXT: plain,
    HEADER: _header,
}


def escape(value: Any, context: str) -> str:
    """A person's value, escaped for `context`."""
    return ESCAPERS[context](value)


def escape_markup(value: Markup, context: str) -> str:
    """The output of a macro or captured block, printed in `context`. It is escaped for HTML, but not for links."""
    return escape(html.unescape(str(value)), context) if context in {URL_WHOLE, URL_PART} else plain(str(value))


def escape_fragment(value: Any, context: str) -> str:
    """The output of a `{% personal %}` block, escaped for the context of the block.

    In markup (from an HTML file) values are already escaped; only the scheme of a whole link must still be checked. Text
    (from a text file) is escaped like any value.
    """
    if not isinstance(value, Markup):
        return escape(value, context)
    if context == URL_WHOLE:
        return _url_whole(html.unescape(str(value)))
    return plain(str(value))
