"""The text part of a mail that has none of its own, derived from its HTML: for people whose mail program shows only text.

Personal values stay placeholders: a value in the text is a slot of its own, since it is escaped as text and not as HTML, and
a `{% personal %}` block becomes text for each person.
"""

from __future__ import annotations

import html as entities
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from include.dispatch.content.environment import PLACEHOLDER_CLOSE, PLACEHOLDER_OPEN
from include.dispatch.content.escaping_context import HTML, TEXT, URL_PART
from include.dispatch.content.html_reader import HtmlReader
from include.dispatch.content.placeholders import PLACEHOLDER, Fragment, Placeholder, Placeholders


@dataclass(frozen=True, eq=False)
class TextFragment(Fragment):
    """A `{% personal %}` block of an HTML file whose output is converted to text."""

    in_link: bool = False

    def evaluate(self, values: Mapping[Any, Any]) -> str:
        """The block's output for one person, as text."""
        made = str(super().evaluate(values))
        return entities.unescape(made) if self.in_link else _inline_text(made)

    def identity(self) -> object:
        """As the block's own; its text differs from its markup."""
        return ("text", self.in_link, super().identity())


def derive(html: str, placeholders: Placeholders) -> str:
    """The text of rendered HTML with placeholders. What is hidden is left out; a link is its words and `<its URL>`."""
    return _to_text(_with_text_placeholders(html, placeholders))


def _with_text_placeholders(html: str, placeholders: Placeholders) -> str:
    """The HTML with a new placeholder for each, whose value is escaped for text, or for a URL in text."""
    reader, done, at = HtmlReader(), list[str](), 0
    for match in PLACEHOLDER.finditer(html):
        reader.feed(html[at : match.start()])
        placeholders.entries.append(_as_text(placeholders.entries[int(match[1])], reader.context()))
        done += [html[at : match.start()], PLACEHOLDER_OPEN, str(len(placeholders.entries) - 1), PLACEHOLDER_CLOSE]
        reader.insert_value()
        at = match.end()
    return "".join([*done, html[at:]])


def _as_text(placeholder: Placeholder, context: str) -> Placeholder:
    value = placeholder.value
    if not isinstance(value, Fragment):
        return replace(placeholder, context=URL_PART if context == URL_PART else TEXT)
    given = {field.name: getattr(value, field.name) for field in fields(Fragment)} | {"context": TEXT}
    return replace(placeholder, value=TextFragment(**given, in_link=context != HTML), context=TEXT)


def _inline_text(markup: str) -> str:
    """The text of a block's output, with a space where it begins or ends with white space, so that words stay apart."""
    text = _to_text(f"<div>{markup}</div>") if "<" in markup else " ".join(entities.unescape(markup).split())
    before, after = (" " if markup[place : place + 1 or None].isspace() else "" for place in (0, -1))
    return f"{before}{text}{after}" if text else ""


def _to_text(html: str) -> str:
    """The library is imported when a text is derived: it takes a third of a second."""
    from include.dispatch.content.html_as_text import to_text

    return to_text(html)
