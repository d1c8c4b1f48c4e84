"""Renders the mail of one person, replacing substitution tags literally as SendGrid does, and extracts its links."""

from __future__ import annotations

import contextlib
import re
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

from simulator.api.payload import Mail, Personalization

LINK = re.compile(r"https?://[^\s<>\"')\]]+")
MARKUP = re.compile(r"[<>&\"']")
HEADER_LINK = re.compile(r"<(https?://[^>]+)>")


class Rendered(NamedTuple):
    """Subject and both parts; a missing part is empty."""

    subject: str
    plain: str
    html: str


class Link(NamedTuple):
    """A link of the body; `place` is its index within its part. `rewritable`: click tracking may rewrite it."""

    url: str
    place: int
    part: str
    rewritable: bool = True


class Anchor(NamedTuple):
    """An anchor's href, and whether click tracking may rewrite it."""

    href: str
    rewritable: bool


def render(mail: Mail, person: Personalization) -> Rendered:
    """The rendered mail. Values are not escaped: a substitution that breaks the HTML breaks it here too.

    A dynamic template is at SendGrid, and the simulator has none: its mail shows the data, escaped, and its links.
    """
    if mail.template_id:
        return _data_of(mail, person)
    parts = {part.type: part.value for part in mail.content or ()}
    subject = person.subject or mail.subject or ""
    return Rendered(
        *(substitute(text, mail, person) for text in (subject, parts.get("text/plain", ""), parts.get("text/html", "")))
    )


def _data_of(mail: Mail, person: Personalization) -> Rendered:
    data = person.dynamic_template_data or {}
    lines = [f"{name}: {value}" for name, value in data.items()]
    cells = (f"<tr><th align=left>{escape(name)}</th><td>{_shown(value)}</td></tr>" for name, value in data.items())
    page = f"<!DOCTYPE html><html><body><p>{escape(str(mail.template_id))}</p><table>{''.join(cells)}</table></body></html>"
    subject = person.subject or mail.subject or data.get("subject") or f"Template {mail.template_id}"
    return Rendered(str(subject), "\n".join(lines), page)


def _shown(value: object) -> str:
    text = escape(str(value))
    return f'<a clicktracking=off href="{text}">{text}</a>' if text.startswith(("http://", "https://")) else text


def substitute(text: str, mail: Mail, person: Personalization) -> str:
    """Replaces sections first, since they may contain tags; then tags, longest first, since one may prefix another."""
    for values in (mail.sections, person.substitutions):
        if not values:
            continue
        for tag in sorted(values, key=len, reverse=True):
            text = text.replace(tag, values[tag])
    return text


class _Anchors(HTMLParser):
    """Collects every anchor.

    Click tracking skips an anchor with `clicktracking=off` before its href, see
    https://www.twilio.com/docs/sendgrid/ui/analytics-and-reporting/click-tracking-html-best-practices.
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Anchor] = []
        with contextlib.suppress(AssertionError):  # raised for a malformed declaration; the links before it are kept
            self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if tag not in ("a", "area") or "href" not in names:
            return
        href = attrs[names.index("href")][1]
        before = attrs[: names.index("href")]
        said = next((value for name, value in before if name == "clicktracking"), None)
        if href:
            self.found.append(Anchor(href, said != "off"))


class Links:
    """The links in the parts of a mail. The HTML is parsed once for all people whose values contain no markup."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail
        self._anchors: list[Anchor] | None = None

    def of(self, person: Personalization, with_text: bool) -> list[Link]:
        """The links of the HTML part, and of the text part if `with_text`."""
        fixed = self._unmarked(person) and not self._mail.template_id
        anchors = self._plain(person) if fixed else _Anchors(render(self._mail, person).html).found
        found = [Link(url, at, "html", rewritable) for at, (url, rewritable) in enumerate(anchors) if url.startswith("http")]
        if with_text:
            text = render(self._mail, person).plain
            found += [Link(url, at, "text") for at, url in enumerate(LINK.findall(text))]
        return found

    def _unmarked(self, person: Personalization) -> bool:
        values = person.substitutions or {}
        return not self._mail.sections and not MARKUP.search("".join(values.values()))

    def _plain(self, person: Personalization) -> list[Anchor]:
        if self._anchors is None:
            self._anchors = _Anchors(
                next((part.value for part in self._mail.content or () if part.type == "text/html"), "")
            ).found
        return [one._replace(href=substitute(one.href, self._mail, person)) for one in self._anchors]


def unsubscribe_link(person: Personalization, mail: Mail) -> str | None:
    """The HTTP URL of List-Unsubscribe, with substitutions applied."""
    headers = {name.lower(): value for name, value in {**(mail.headers or {}), **(person.headers or {})}.items()}
    match = HEADER_LINK.search(substitute(headers.get("list-unsubscribe", ""), mail, person))
    return match[1] if match else None


def one_click(person: Personalization, mail: Mail) -> bool:
    """Whether the mail supports one-click unsubscribe (RFC 8058), which requires the List-Unsubscribe-Post header."""
    headers = {name.lower(): value for name, value in {**(mail.headers or {}), **(person.headers or {})}.items()}
    return headers.get("list-unsubscribe-post", "").strip() == "List-Unsubscribe=One-Click"


def body_unsubscribe_link(found: list[Link], header_link: str | None) -> str | None:
    """The unsubscribe link of the body: the link with the host and first path segment of the header's link."""
    if not header_link:
        return None
    wanted = _place(header_link)
    return next((link.url for link in found if _place(link.url) == wanted), None)


def _place(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:  # a substitution made it an invalid URL
        return url, ""
    return parts.netloc, parts.path.strip("/").partition("/")[0]
