"""What happens to one message: its entries and their details."""

from __future__ import annotations

from typing import NamedTuple


class TimelineEntry(NamedTuple):
    """One action, `offset` seconds after the start.

    `kind` is an event name or a link visit (one_click, body_unsubscribe, scan). `detail` depends on the kind: an SMTP
    message, a user agent, an attempt.
    """

    offset: float
    kind: str
    detail: object = None


class Click(NamedTuple):
    """`place` is the number of the link in the body, else `pick` in [0, 1) selects one; no event without such a link.

    `machine` is visible on the control endpoint only.
    """

    pick: float
    useragent: str
    machine: bool
    place: int | None = None


class Open(NamedTuple):
    """Opens with `apple` have sg_machine_open set."""

    useragent: str
    apple: bool
    machine: bool


class Deferral(NamedTuple):
    """One deferred attempt; its number is a string on the wire."""

    response: str
    attempt: str
