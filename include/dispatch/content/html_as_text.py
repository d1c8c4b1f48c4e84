"""HTML as text, by inscriptis."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from inscriptis import Inscriptis
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from lxml import html

_TABLE_GAPS = {"table": 1, "tr": 0, "td": 0, "th": 0}
"""Blank lines around the parts of a table, which is the layout of a mail: its cells are blocks, and not columns."""
_BLANK_LINES = re.compile(r"\n{3,}")
_SPACES_AROUND = re.compile(r"[ \t]+$|^[ \t]+(?=\S)(?![*\d])", re.MULTILINE)
_BARE_LINK = re.compile(r"(\S+) <(?:https?://)?\1/?>")
"""A link whose words are its own URL."""
_INVISIBLE = re.compile("[\u00ad\u034f\u2007\u200b\u2060\ufeff]")
"""Characters that fill the preview line of an inbox, or only matter for the layout."""


def to_text(page: str) -> str:
    """HTML as text: headings and paragraphs are apart, each cell of a table has its lines, images are their alt texts.

    The URL of a link is in angle brackets, since they cannot be part of it (RFC 3986, appendix C).
    """
    blocks = {
        tag: HtmlElement(display=Display.block, margin_before=gap, margin_after=gap) for tag, gap in _TABLE_GAPS.items()
    }
    css = {**STRICT_CSS_PROFILE, **blocks}
    plain: dict[str, Any] = dict.fromkeys(_TABLE_GAPS, _ignore)
    handlers = CustomHtmlTagHandlerMapping({**plain, "a": _open_link}, {**plain, "a": _close_link})
    config = ParserConfig(css=css, display_images=True, custom_html_tag_handler_mapping=handlers)
    text = Inscriptis(html.document_fromstring(_INVISIBLE.sub("", page)), config).get_text()
    text = _BARE_LINK.sub(r"\1", text.replace("\u00a0", " "))
    return _BLANK_LINES.sub("\n\n", _SPACES_AROUND.sub("", text)).strip("\n")


def _ignore(*_given: Any) -> None:
    """In the place of the library's own handlers, which write columns."""


def _open_link(state: HtmlDocumentState, attributes: Mapping[str, str]) -> None:
    target = attributes.get("href", "").strip()
    state.link_target = "" if target.startswith("#") else target.removeprefix("mailto:")


def _close_link(state: HtmlDocumentState) -> None:
    if state.link_target:
        state.tags[-1].write(f" <{state.link_target}>")
