"""Adds UTM parameters to links to the shop's own sites, by the rule of the shop's file.

Web analytics reads them: https://support.google.com/analytics/answer/10917952. A link that has one already, and a person's
own links, are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.shop import Utm

_HREF = re.compile(r"""(<a(?:rea)?\s(?:[^>"']|"[^"]*"|'[^']*')*?\bhref\s*=\s*)(["'])(.*?)\2""", re.IGNORECASE | re.DOTALL)
_URL = re.compile(r"https?://[^\s<>()\"']+[^\s<>()\"'.,;:!?]", re.IGNORECASE)


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

    def in_html(self, html: str, tokens: Iterable[str] = ()) -> str:
        """The HTML with the query on every anchor to one of the rule's sites."""
        kept, query = tuple(tokens), self.query.replace("&", "&amp;")
        return _HREF.sub(lambda link: f"{link[1]}{link[2]}{self._tagged(link[3], query, '&amp;', kept)}{link[2]}", html)

    def in_text(self, text: str, tokens: Iterable[str] = ()) -> str:
        """The text with the query on every URL of one of the rule's sites."""
        kept = tuple(tokens)
        return _URL.sub(lambda link: self._tagged(link[0], self.query, "&", kept), text)

    def _tagged(self, url: str, query: str, separator: str, kept: tuple[str, ...]) -> str:
        if not _is_own(url.strip(), self.rule) or "utm_" in url or any(token in url for token in kept):
            return url
        address, hash_sign, fragment = url.partition("#")
        joint = separator if "?" in address else "?"
        return f"{address}{joint}{query}{hash_sign}{fragment}"


def _is_own(url: str, utm: Utm) -> bool:
    """Whether the URL's host is one of the sites or a subdomain of one; a host with a personal value is not."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and any(host == site or host.endswith(f".{site}") for site in utm.sites)
