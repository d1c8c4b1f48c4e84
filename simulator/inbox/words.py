"""The words by which a message is found, and the line that an inbox shows after its subject."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from html.parser import HTMLParser

from simulator.api.payload import Mail, Personalization
from simulator.recipients.render import substitute

SNIPPET = 140
"""Characters of a preheader, as many as a desktop client shows."""
FILLER = re.compile(r"(?:[\u00ad\u034f\u2007\u200b-\u200f\u2060\ufeff]\s*){2,}")
"""Invisible characters after a preheader, which keep the text after it out of the inbox line."""
TAG = re.compile(r"<[^>]*>")
HIDDEN = ("head", "style", "script", "template")


class _Text(HTMLParser):
    """The text of a page, including text that styles hide: a preheader is such a text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._inside: list[str] = []
        try:
            self.feed(page)
            self.close()
        except AssertionError:  # raised for a malformed declaration; the text before it is kept
            return

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)


@lru_cache(maxsize=64)
def text_of(page: str) -> str:
    """The text of an HTML page; of one page per content, since substitutions come later."""
    return " ".join(_Text(page).parts)


def parts_of(mail: Mail) -> dict[str, str]:
    """The parts of a mail by type, before substitution."""
    return {part.type: part.value for part in mail.content or ()}


def preheader(mail: Mail, person: Personalization) -> str:
    """The first text of the HTML part, else of the text part: what an inbox shows after the subject."""
    if mail.template_id:
        return f"{mail.template_id}, at SendGrid"
    parts = parts_of(mail)
    text = text_of(parts["text/html"]) if "text/html" in parts else parts.get("text/plain", "")
    said = html.unescape(TAG.sub(" ", substitute(text[: 20 * SNIPPET], mail, person)))
    first = FILLER.split(said, maxsplit=1)[0]
    return " ".join(first.split())[:SNIPPET]


def words_of_mail(mail: Mail) -> str:
    """What all messages of a request can be found by: sender, subject, categories and both parts, in lower case."""
    parts, sender = parts_of(mail), mail.from_
    said = [*(mail.categories or []), mail.subject or "", text_of(parts.get("text/html", "")), parts.get("text/plain", "")]
    if sender:
        said += [sender.email, sender.name or ""]
    return " ".join(" ".join(said).lower().split())


def words_of_person(person: Personalization, email: str) -> str:
    """What one message can be found by besides: its address, its own subject and its substitutions, except links."""
    given = [*(person.substitutions or {}).values(), *map(str, (person.dynamic_template_data or {}).values())]
    values = (value for value in given if not value.startswith(("http://", "https://")))
    said = " ".join([email, person.subject or "", *dict.fromkeys(values)])
    return " ".join((html.unescape(said) if "&" in said else said).lower().split())
