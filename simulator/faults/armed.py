"""Faults that are armed through `POST /control/faults`: which there are, when they strike, what they do to events."""

from __future__ import annotations

import itertools
import time
import uuid
from collections import defaultdict
from random import Random
from typing import Any, Literal

import msgspec

from simulator.api.acceptance import short_id
from simulator.api.payload import Mail
from simulator.webhook.batching import redelivery_id
from simulator.webhook.events import Event

REJECTIONS = ("refuse_500", "rate_limit", "html_413", "credits_exhausted", "bad_key", "forbidden", "reject_address")
"""The mail is not accepted."""
ACCEPTING = (
    "accept_then_timeout", "accept_then_reset", "accept_then_500", "accept_then_502", "accept_then_drop",
    "late_answer", "slow_bytes", "half_header", "garbage", "pause",
)  # fmt: skip
"""The mail is accepted, and the answer says something else, or late, or not at all."""
WEBHOOK_FAULTS = ("silence", "storm", "shuffle", "unknown_keys", "foreign_keys", "bounces_without_custom_args")
KINDS = (*REJECTIONS, *ACCEPTING, *WEBHOOK_FAULTS)

Delivery = tuple[int, Event]
"""An event, and in which delivery of its flush it is told: 0, or a redelivery."""


class Match(msgspec.Struct, forbid_unknown_fields=True):
    """Which requests (or events) a fault is for; what is not given matches all. `campaign` is the first category."""

    campaign: str | None = None
    tw_chunk: str | None = None
    tw_key: str | None = None
    email: str | None = None


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault as it is armed, in JSON.

    `count` (null: until disarmed) is how often it strikes, once `after` matching ones went by; `probability` is asked of
    seeded dice. The rest are options of single kinds, see `docs/simulator.md`.
    """

    kind: str
    count: int | None = None
    probability: float = 1.0
    after: int = 0
    match: Match = msgspec.field(default_factory=Match)
    seconds: float = 60.0
    interval: float = 1.0
    headers: bool = True
    reset: Literal["epoch", "seconds"] = "epoch"
    reset_after: float = 1.0
    emails: list[str] = []
    keys: list[str] = []
    share: float = 0.0
    copies: int = 46
    reason: str = "Invalid"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no fault {self.kind}; there are {', '.join(KINDS)}")


class Armed:
    """A fault and how far it has got."""

    def __init__(self, number: int, fault: Fault, seed: int) -> None:
        self.number, self.fault = number, fault
        self.passed = self.fired = 0
        self.until = time.time() + fault.seconds
        self.random = Random(f"{seed}/{number}/{fault.kind}")

    def fires(self) -> bool:
        """Whether it strikes now, this being a request or event that it matches. Asking counts."""
        self.passed += 1
        spent = self.fault.count is not None and self.fired >= self.fault.count
        if spent or self.passed <= self.fault.after or self.random.random() >= self.fault.probability:
            return False
        self.fired += 1
        return True

    def described(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {"id": self.number, "fired": self.fired, "passed": self.passed, **msgspec.to_builtins(self.fault)}


class Faults:
    """The armed faults, in the order in which they were armed: the first that strikes decides."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._numbers = itertools.count(1)
        self.armed: list[Armed] = []

    def arm(self, fault: Fault) -> Armed:
        """Add one."""
        armed = Armed(next(self._numbers), fault, self._seed)
        self.armed.append(armed)
        return armed

    def disarm(self, number: int | None = None) -> int:
        """Remove one, or all; how many were removed."""
        before = len(self.armed)
        self.armed = [armed for armed in self.armed if number is not None and armed.number != number]
        return before - len(self.armed)

    def first_firing(self, kinds: tuple[str, ...], mail: Mail) -> Armed | None:
        """The first of these kinds that strikes this request."""
        return next((armed for armed in self._of_kind(*kinds) if matches_mail(armed, mail) and armed.fires()), None)

    def is_silent(self, now: float) -> bool:
        """Whether the webhook holds its posts: for `seconds` from the arming on, then they flood."""
        return any(now < armed.until for armed in self._of_kind("silence"))

    def is_shuffled(self) -> bool:
        """Whether posts go out in any order."""
        return any(True for _ in self._of_kind("shuffle"))

    def applied_to(self, events: list[Event]) -> list[list[Event]]:
        """What the webhook faults make of the events of a flush: the events, then each redelivery of them, posted apart."""
        if not any(armed.fault.kind in WEBHOOK_FAULTS for armed in self.armed):
            return [events]
        deliveries: dict[int, list[Event]] = defaultdict(list)
        for event in events:
            for delivery, changed in self._applied(event):
                deliveries[delivery].append(changed)
        return [deliveries[delivery] for delivery in sorted(deliveries)]

    def _of_kind(self, *kinds: str) -> list[Armed]:
        return [armed for armed in self.armed if armed.fault.kind in kinds]

    def _applied(self, event: Event) -> list[Delivery]:
        found: list[Delivery] = [(0, event)]
        for armed in self._of_kind(*EVENT_TRANSFORMS):
            if matches_event(armed.fault.match, event) and _applies_to(armed, event) and armed.fires():
                found = [
                    (delivery + later, changed)
                    for delivery, each in found
                    for later, changed in EVENT_TRANSFORMS[armed.fault.kind](armed, each)
                ]
        return found


def matches_mail(armed: Armed, mail: Mail) -> bool:
    """All that is given must hold, the personal ones for at least one person."""
    match = armed.fault.match
    if match.campaign is not None and mail.campaign() != match.campaign:
        return False
    if match.email is None and match.tw_key is None and match.tw_chunk is None:
        return armed.fault.kind != "reject_address" or bool(rejected_positions(armed, mail))
    people = mail.personalizations
    return any(
        (match.email is None or any(one.email == match.email for one in person.to or ()))
        and (match.tw_key is None or (person.custom_args or {}).get("tw_key") == match.tw_key)
        and (match.tw_chunk is None or (person.custom_args or {}).get("tw_chunk") == match.tw_chunk)
        for person in people
    ) and (armed.fault.kind != "reject_address" or bool(rejected_positions(armed, mail)))


def rejected_positions(armed: Armed, mail: Mail) -> list[int]:
    """The positions that a reject_address fault names: by address, by tw_key, or a share drawn from seed and address."""
    fault, found = armed.fault, []
    for position, person in enumerate(mail.personalizations):
        email = person.to[0].email if person.to else ""
        drawn = fault.share and Random(f"{armed.number}/{email}").random() < fault.share
        if drawn or email in fault.emails or (person.custom_args or {}).get("tw_key") in fault.keys:
            found.append(position)
    return found


def matches_event(match: Match, event: Event) -> bool:
    """The same for an event."""
    category = event.get("category")
    campaign = category[0] if isinstance(category, list) else category
    wanted = {"tw_key": match.tw_key, "tw_chunk": match.tw_chunk, "email": match.email}
    return match.campaign in (None, campaign) and all(value in (None, event.get(name)) for name, value in wanted.items())


def _applies_to(armed: Armed, event: Event) -> bool:
    return armed.fault.kind != "bounces_without_custom_args" or event["event"] == "bounce"


def _storm(armed: Armed, event: Event) -> list[Delivery]:
    """The event `copies` times in all, each with an id of its own and in a delivery of its own."""
    return [
        (0, event),
        *((copy, {**event, "sg_event_id": redelivery_id(event, copy)}) for copy in range(1, armed.fault.copies)),
    ]


def _add_unknown_key(armed: Armed, event: Event) -> list[Delivery]:
    """Beside the event another of a message that nobody sent."""
    key = str(uuid.UUID(int=armed.random.getrandbits(128), version=5))
    return [(0, event), (0, {**event, **_with_key(event, key), "email": "nobody@example.com"})]


def _add_foreign_key(armed: Armed, event: Event) -> list[Delivery]:
    """Beside the event another with one of `keys`, which belong to another campaign, and this event's chunk and category."""
    if not armed.fault.keys:
        return [(0, event)]
    key = armed.random.choice(armed.fault.keys)
    return [(0, event), (0, {**event, **_with_key(event, key)})]


def _with_key(event: Event, key: str) -> Event:
    return {"tw_key": key, "sg_event_id": short_id(f"{event['sg_event_id']}\x1f{key}")}


def _strip_custom_args(_armed: Armed, event: Event) -> list[Delivery]:
    """A bounce by Return-Path: no custom_args, no category, no sg_message_id."""
    own = {"email", "timestamp", "event", "sg_event_id", "type", "bounce_classification", "reason", "status", "smtp-id"}
    return [(0, {name: value for name, value in event.items() if name in own})]


EVENT_TRANSFORMS = {
    "storm": _storm,
    "unknown_keys": _add_unknown_key,
    "foreign_keys": _add_foreign_key,
    "bounces_without_custom_args": _strip_custom_args,
}
