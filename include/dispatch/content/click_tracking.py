"""The person's own links are never tracked: whoever leaves, chooses or confirms by one is no reader who clicked.

SendGrid rewrites every link of the HTML part unless its anchor says `clicktracking=off` before the href, in this spelling.
https://www.twilio.com/docs/sendgrid/ui/analytics-and-reporting/click-tracking-html-best-practices
The text part is not rewritten at all (`enable_text` is false, see payload.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

OFF = "clicktracking=off"

_ANCHOR = re.compile(r"""(<a(?:rea)?)(?=[\s/>])((?:[^>"']|"[^"]*"|'[^']*')*>)""", re.IGNORECASE)


def disable_click_tracking(html: str, is_own: Callable[[str], bool]) -> str:
    """The HTML with tracking off on every anchor of which `is_own(<the tag>)` is true.

    It becomes the first attribute: of two with one name the first is in force, so an author's `clicktracking=on` is not.
    """
    return _ANCHOR.sub(lambda tag: f"{tag[1]} {OFF}{tag[2]}" if is_own(tag[0]) else tag[0], html)


def disable_click_tracking_for(html: str, links: Iterable[object]) -> str:
    """The HTML of one person with tracking off on the anchors that lead to one of their `links`, told by the token."""
    tokens = [link.rpartition("/")[2] for link in links if isinstance(link, str)]
    return disable_click_tracking(html, lambda tag: any(token and token in tag for token in tokens))
