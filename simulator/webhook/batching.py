"""Packs events into posts of at most 768 KB; some events are repeated or late, so that the order is not reliable."""

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
"""Share of the `processed` events that are never posted."""
RENAMED_SHARE = 0.1
"""Share of the repeated events that have a new sg_event_id."""


class Post(NamedTuple):
    """A body to post after a delay in seconds."""

    delay: float
    events: int
    body: bytes


def build_posts(events: list[Event], random: Random, speed: float) -> list[Post]:
    """The posts of a flush, shuffled: most immediately, a few up to five seconds late (at speed 1), a few repeated."""
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
    """The new sg_event_id of a repeated event."""
    return short_id(f"{event.get('sg_event_id')}\x1fcopy\x1f{copy}")


def pack_posts(events: Iterable[Event], delay: float) -> Iterator[Post]:
    """JSON arrays with SendGrid's line endings, including the trailing one, which is part of the signed bytes."""
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
