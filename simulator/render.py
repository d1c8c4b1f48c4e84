"""What a person gets: the content with the substitutions put in, literally, as SendGrid does, and the links in it."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

from simulator.payload import Mail, Personalization

LINK = re.compile(r"https?://[^\s<>\"')\]]+")
HEADER_LINK = re.compile(r"<(https?://[^>]+)>")


class Rendered(NamedTuple):
    """Subject and both parts; a part that the mail does not have is empty."""

    subject: str
    text: str
    html: str


class Link(NamedTuple):
    """A link of the body as click tracking sees it; `index` counts the links of its part."""

    url: str
    index: int
    type: str


def render(mail: Mail, person: Personalization) -> Rendered:
    """Nothing is escaped: a substitution that breaks the HTML breaks it here too."""
    parts = {part.type: part.value for part in mail.content or ()}
    subject = person.subject or mail.subject or ""
    return Rendered(
        *(substitute(text, mail, person) for text in (subject, parts.get("text/plain", ""), parts.get("text/html", "")))
    )


def substitute(text: str, mail: Mail, person: Personalization) -> str:
    """Sections first, since their text may hold tags; then the tags, longest first, so that a tag within a tag keeps its meaning."""
    for values in (mail.sections or {}, person.substitutions or {}):
        for tag in sorted(values, key=len, reverse=True):
            text = text.replace(tag, values[tag])
    return text


class _Anchors(HTMLParser):
    """Collects the href of every anchor that does not say `clicktracking=off`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("a", "area") and values.get("clicktracking") != "off" and (values.get("href") or "").startswith("http"):
            self.found.append(str(values["href"]))


def links(rendered: Rendered, with_text: bool) -> list[Link]:
    """The tracked links of the HTML part, and of the text part where text is tracked too."""
    anchors = _Anchors()
    anchors.feed(rendered.html)
    found = [Link(url, at, "html") for at, url in enumerate(anchors.found)]
    if with_text or not rendered.html:
        found += [Link(html.unescape(url), at, "text") for at, url in enumerate(LINK.findall(rendered.text))]
    return found


def unsubscribe_link(person: Personalization, mail: Mail) -> str | None:
    """The HTTP URL of List-Unsubscribe, with the substitutions put in."""
    headers = {name.lower(): value for name, value in {**(mail.headers or {}), **(person.headers or {})}.items()}
    match = HEADER_LINK.search(substitute(headers.get("list-unsubscribe", ""), mail, person))
    return match[1] if match else None


def one_click(person: Personalization, mail: Mail) -> bool:
    """Whether the mail offers RFC 8058: a client posts without asking only where this header stands."""
    headers = {name.lower(): value for name, value in {**(mail.headers or {}), **(person.headers or {})}.items()}
    return headers.get("list-unsubscribe-post", "").strip() == "List-Unsubscribe=One-Click"


def body_unsubscribe_link(rendered: Rendered, header_link: str | None) -> str | None:
    """The unsubscribe link of the body: the one that leads where the header leads, up to the first folder of its path."""
    if not header_link:
        return None
    wanted = _place(header_link)
    return next((link.url for link in links(rendered, with_text=True) if _place(link.url) == wanted), None)


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path.strip("/").partition("/")[0]
