"""Adds UTM parameters to links to the shop's own sites, by the rule of the shop's file.

Web analytics reads them: https://support.google.com/analytics/answer/10917952. A link that has one already, and a person's
own links, are left as they are.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from include.core.campaign import Campaign, Variant
from include.core.shop import Utm

_HREF = re.compile(r"""(<a(?:rea)?\s(?:[^>"']|"[^"]*"|'[^']*')*?\bhref\s*=\s*)(["'])(.*?)\2""", re.IGNORECASE | re.DOTALL)
_URL = re.compile(r"https?://[^\s<>()\"']+[^\s<>()\"'.,;:!?]", re.IGNORECASE)


def parameters(utm: Utm, campaign: Campaign, variant: Variant) -> str:
    """The query that a link gets: source, medium, campaign, and in an experiment the variant as content."""
    named = {"utm_source": utm.source, "utm_medium": utm.medium, "utm_campaign": campaign.id}
    if len(campaign.variants) > 1:
        named["utm_content"] = variant.id
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in named.items())


def tag_html(html: str, utm: Utm, query: str) -> str:
    """The HTML with the query on every anchor to one of the rule's sites."""
    escaped = query.replace("&", "&amp;")
    return _HREF.sub(lambda link: f"{link[1]}{link[2]}{_tagged(link[3], utm, escaped, '&amp;')}{link[2]}", html)


def tag_text(text: str, utm: Utm, query: str) -> str:
    """The text with the query on every URL of one of the rule's sites."""
    return _URL.sub(lambda link: _tagged(link[0], utm, query, "&"), text)


def _tagged(url: str, utm: Utm, query: str, separator: str) -> str:
    if not _is_own(url.strip(), utm) or "utm_" in url:
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
