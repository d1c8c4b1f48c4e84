"""Events into the bodies of posts: at most 768 KB, some repeated, some late, so that their order is no order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

import orjson

from simulator.api.acceptance import short_id
from simulator.webhook.events import Event

POST_BYTES = 768 * 1024
LATE_SHARE = 0.03
REPEATED_SHARE = 0.02
MISSING_SHARE = 0.002
"""Of the `processed` events: those that never come."""
RENAMED_SHARE = 0.1
"""Of the repeated: those that come with a new sg_event_id."""


class Post(NamedTuple):
    """A body to be posted, not before some seconds from now."""

    delay: float
    events: int
    body: bytes


def build_posts(events: list[Event], random: Random, speed: float) -> list[Post]:
    """The posts of a flush: most at once and shuffled, a few up to five seconds (at speed 1) late, a few once more."""
    events = [event for event in events if event["event"] != "processed" or random.random() >= MISSING_SHARE]
    random.shuffle(events)
    now = [event for event in events if random.random() >= LATE_SHARE]
    held = {id(event) for event in now}
    late = [event for event in events if id(event) not in held]
    again = [_redelivered(event, random) for event in events if random.random() < REPEATED_SHARE]
    delay = (1 + 4 * random.random()) / speed
    return [*pack_posts(now, 0.0), *pack_posts(late, delay), *pack_posts(again, delay + 1 / speed)]


def _redelivered(event: Event, random: Random) -> Event:
    if random.random() < RENAMED_SHARE:
        return {**event, "sg_event_id": redelivery_id(event, 1)}
    return event


def redelivery_id(event: Event, copy: int) -> str:
    """The new id of an event that is delivered once more."""
    return short_id(f"{event.get('sg_event_id')}\x1fcopy\x1f{copy}")


def pack_posts(events: Iterable[Event], delay: float) -> Iterator[Post]:
    """JSON arrays with SendGrid's line ends, the last included: whoever strips it cannot verify."""
    parts: list[bytes] = []
    size = 0
    for event in events:
        encoded = orjson.dumps(event)
        if parts and size + len(encoded) > POST_BYTES:
            yield _post(parts, delay)
            parts, size = [], 0
        parts.append(encoded)
        size += len(encoded) + 3
    if parts:
        yield _post(parts, delay)


def _post(parts: list[bytes], delay: float) -> Post:
    return Post(delay, len(parts), b"[" + b",\r\n".join(parts) + b"]\r\n")
