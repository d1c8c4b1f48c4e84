"""Disables click tracking on a person's own links: unsubscribing, choosing topics and confirming are not clicks.

SendGrid rewrites every link of the HTML part unless its anchor has `clicktracking=off`, in this spelling, before the href.
https://www.twilio.com/docs/sendgrid/ui/analytics-and-reporting/click-tracking-html-best-practices
The text part is not rewritten at all (`enable_text` is false, see payload.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

OFF = "clicktracking=off"

_ANCHOR = re.compile(r"""(<a(?:rea)?)(?=[\s/>])((?:[^>"']|"[^"]*"|'[^']*')*>)""", re.IGNORECASE)


def disable_click_tracking(html: str, is_own: Callable[[str], bool]) -> str:
    """The HTML with tracking disabled on every anchor whose tag satisfies `is_own`.

    The attribute is inserted first: the first of two attributes with the same name applies, so it overrides an author's
    `clicktracking=on`.
    """
    return _ANCHOR.sub(lambda tag: f"{tag[1]} {OFF}{tag[2]}" if is_own(tag[0]) else tag[0], html)


def disable_click_tracking_for(html: str, tokens: Iterable[str]) -> str:
    """The HTML of one person with tracking disabled on the anchors that contain one of the `tokens` of their own links."""
    own = tuple(tokens)
    return disable_click_tracking(html, lambda tag: any(token in tag for token in own))
