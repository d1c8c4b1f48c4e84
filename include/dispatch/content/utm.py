"""Adds UTM parameters to links to the shop's own sites, by the rule of the shop's file.

Web analytics reads them: https://support.google.com/analytics/answer/10917952. A link that has one already, and a person's
own links, are left as they are. A link whose whole address is a person's value is known only when the value is: its place is
found in the template, its value gets the parameters (`on_value`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.shop import Utm
from include.dispatch.content.environment import PLACEHOLDER_CLOSE, PLACEHOLDER_OPEN

_HREF = re.compile(r"""(<a(?:rea)?\s(?:[^>"']|"[^"]*"|'[^']*')*?\bhref\s*=\s*)(["'])(.*?)\2""", re.IGNORECASE | re.DOTALL)
_URL = re.compile(r"https?://[^\s<>()\"']+[^\s<>()\"'.,;:!?]", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_SLOT = f"{PLACEHOLDER_OPEN}([0-9]+){PLACEHOLDER_CLOSE}"
_WHOLE_HREF = re.compile(rf"\s*{_SLOT}\s*")
_WHOLE_IN_TEXT = re.compile(rf"(?<![^\s<(]){_SLOT}(?=[.,;:!?]*(?:[\s>)]|\Z))")
"""A placeholder that nothing is written onto, as an address stands in a text."""
_BEFORE_FRAGMENT = re.compile(r"(?:&#(?:[0-9]+|x[0-9a-f]+);|[^#])*", re.IGNORECASE)
"""What precedes the fragment of a URL in markup, where the `#` of `&#39;` is no `#`."""
Renumber = Callable[[int], int]
"""The placeholder to print in the place of another that is a whole link, by their numbers."""


def parameters(utm: Utm, campaign: Campaign, variant: Variant) -> str:
    """The query that a link gets: source, medium, campaign, and in an experiment the variant as content."""
    named = {"utm_source": utm.source, "utm_medium": utm.medium, "utm_campaign": campaign.id}
    if len(campaign.variants) > 1:
        named["utm_content"] = variant.id
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in named.items())


@dataclass(frozen=True)
class Tagging:
    """The rule of the shop with the query of one mail. URLs that contain one of the `tokens` are a person's own links."""

    rule: Utm
    query: str

    def in_html(self, html: str, tokens: Iterable[str] = (), whole: Renumber = int) -> str:
        """The HTML with the query on every anchor to one of the rule's sites. `whole`: of a placeholder that is a link."""
        kept = tuple(tokens)

        def tagged(link: re.Match[str]) -> str:
            slot = _WHOLE_HREF.fullmatch(link[3])
            address = _slot(whole(int(slot[1]))) if slot else self._tagged(link[3], kept, is_markup=True)
            return f"{link[1]}{link[2]}{address}{link[2]}"

        return _HREF.sub(tagged, html)

    def in_text(self, text: str, tokens: Iterable[str] = (), whole: Renumber = int) -> str:
        """The text with the query on every URL of one of the rule's sites. `whole` as in `in_html`."""
        kept = tuple(tokens)
        placed = _WHOLE_IN_TEXT.sub(lambda slot: _slot(whole(int(slot[1]))), text)
        return _URL.sub(lambda link: self._tagged(link[0], kept), placed)

    def on_value(self, url: str, *, is_markup: bool) -> str:
        """A person's value that is a whole link, escaped for its place; any other value as it is."""
        return self._tagged(url, (), is_markup) if is_markup or _ADDRESS.fullmatch(url) else url

    def _tagged(self, url: str, kept: tuple[str, ...], is_markup: bool = False) -> str:
        if not _is_own(url.strip(), self.rule) or "utm_" in url or any(token in url for token in kept):
            return url
        separator = "&amp;" if is_markup else "&"
        before = _BEFORE_FRAGMENT.match(url) if is_markup else None
        address = before[0] if before else url.partition("#")[0]
        joint = separator if "?" in address else "?"
        return f"{address}{joint}{self.query.replace('&', separator)}{url[len(address) :]}"


def _slot(number: int) -> str:
    return f"{PLACEHOLDER_OPEN}{number}{PLACEHOLDER_CLOSE}"


def _is_own(url: str, utm: Utm) -> bool:
    """Whether the URL's host is one of the sites or a subdomain of one; a host with a personal value is not."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and any(host == site or host.endswith(f".{site}") for site in utm.sites)
