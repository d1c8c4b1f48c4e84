"""Request bodies of mail/send, and ways to modify them."""

from __future__ import annotations

import copy
from typing import Any

LINK = "https://mail.tradewind.example/u/TOKEN"


def person(number: int = 0, provider: str = "gmail", **more: Any) -> dict[str, Any]:
    """A personalization as Tradewind builds it."""
    return {
        "to": [{"email": f"person{number}@{provider}.example.com"}],
        "custom_args": {"tw_key": f"key-{number}", "tw_try": "1", "tw_chunk": "plan.1"},
        "substitutions": {"[[name]]": f"Name {number}", "[[leave]]": f"{LINK}{number}"},
        "headers": {"List-Unsubscribe": f"<{LINK}{number}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        **more,
    }


def mail(people: int = 1, provider: str = "gmail", first: int = 0, **more: Any) -> dict[str, Any]:
    """A valid request."""
    return {
        "personalizations": [person(number, provider) for number in range(first, first + people)],
        "from": {"email": "news@example.com", "name": "Shop"},
        "subject": "For [[name]]",
        "content": [
            {"type": "text/plain", "value": "Hello [[name]], leave: [[leave]]"},
            {"type": "text/html", "value": HTML},
        ],
        "categories": ["newsletter"],
        "tracking_settings": {"click_tracking": {"enable": True, "enable_text": False}, "open_tracking": {"enable": True}},
        **more,
    }


HTML = '<p>Hello [[name]]</p><a href="https://shop.example/new">New</a> <a href="[[leave]]">Leave</a>'


def with_(path: str, value: Any, good: dict[str, Any] | None = None) -> dict[str, Any]:
    """A mail with one value replaced: `personalizations.0.to`. A path may end in a new key or the next index."""
    changed = copy.deepcopy(good or mail())
    *parents, last = path.split(".")
    place: Any = changed
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
    if isinstance(place, list):
        place[int(last) : int(last) + 1] = [value]
    else:
        place[last] = value
    return changed


def without(path: str, good: dict[str, Any] | None = None) -> dict[str, Any]:
    """A mail without one value."""
    changed = copy.deepcopy(good or mail())
    *parents, last = path.split(".")
    place: Any = changed
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    del place[int(last) if isinstance(place, list) else last]
    return changed
