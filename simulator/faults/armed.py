"""Faults armed through `POST /control/faults`: their kinds, when they fire, and how they transform events."""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict
from random import Random
from typing import Any, Literal

import msgspec

from simulator import clock
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
"""The mail is accepted, but the response is wrong, late or missing."""
WEBHOOK_FAULTS = ("silence", "storm", "shuffle", "unknown_keys", "foreign_keys", "bounces_without_custom_args")
KINDS = (*REJECTIONS, *ACCEPTING, *WEBHOOK_FAULTS)

Delivery = tuple[int, Event]
"""(number of the delivery within the flush, event): 0 is the first delivery, others are redeliveries."""


class Match(msgspec.Struct, forbid_unknown_fields=True):
    """Selects the requests (or events) of a fault; omitted fields match everything. `campaign` is the first category."""

    campaign: str | None = None
    tw_chunk: str | None = None
    tw_key: str | None = None
    email: str | None = None


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON that arms a fault.

    The fault fires `count` times (null: until disarmed), after skipping `after` matches, each time with `probability`,
    drawn from a seeded random generator. The other fields are options of single kinds, see `docs/simulator.md`.
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
            raise ValueError(f"Unknown fault {self.kind}. Known faults: {', '.join(KINDS)}")


class Armed:
    """An armed fault and its counters."""

    def __init__(self, number: int, fault: Fault, seed: int) -> None:
        self.number, self.fault = number, fault
        self.passed = self.fired = 0
        self.until = clock.now() + fault.seconds
        self.random = Random(f"{seed}/{number}/{fault.kind}")

    def fires(self) -> bool:
        """Count a matching request or event; returns whether the fault fires for it."""
        self.passed += 1
        spent = self.fault.count is not None and self.fired >= self.fault.count
        if spent or self.passed <= self.fault.after or self.random.random() >= self.fault.probability:
            return False
        self.fired += 1
        return True

    def described(self) -> dict[str, Any]:
        """The JSON of the control endpoint."""
        return {"id": self.number, "fired": self.fired, "passed": self.passed, **msgspec.to_builtins(self.fault)}


class Faults:
    """The armed faults in the order of arming; the first that fires applies."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._numbers = itertools.count(1)
        self.armed: list[Armed] = []

    def arm(self, fault: Fault) -> Armed:
        """Arm a fault."""
        armed = Armed(next(self._numbers), fault, self._seed)
        self.armed.append(armed)
        return armed

    def disarm(self, number: int | None = None) -> int:
        """Disarm one fault, or all; returns how many."""
        before = len(self.armed)
        self.armed = [armed for armed in self.armed if number is not None and armed.number != number]
        return before - len(self.armed)

    def first_firing(self, kinds: tuple[str, ...], mail: Mail) -> Armed | None:
        """The first fault of these kinds that fires for the request."""
        return next((armed for armed in self._of_kind(*kinds) if matches_mail(armed, mail) and armed.fires()), None)

    def is_silent(self, now: float) -> bool:
        """Whether the webhook holds back its posts, which it does for `seconds` after arming."""
        return any(now < armed.until for armed in self._of_kind("silence"))

    def is_shuffled(self) -> bool:
        """Whether posts go out in random order."""
        return any(True for _ in self._of_kind("shuffle"))

    def applied_to(self, events: list[Event]) -> list[list[Event]]:
        """The events of a flush after the webhook faults: the first delivery, then each redelivery, posted separately."""
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
    """Whether all given fields match; tw_key, tw_chunk and email must match for the same person."""
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
    """The positions that a reject_address fault rejects: by address, by tw_key, or a random share of the addresses."""
    fault, found = armed.fault, []
    for position, person in enumerate(mail.personalizations):
        email = person.to[0].email if person.to else ""
        drawn = fault.share and Random(f"{armed.number}/{email}").random() < fault.share
        if drawn or email in fault.emails or (person.custom_args or {}).get("tw_key") in fault.keys:
            found.append(position)
    return found


def matches_event(match: Match, event: Event) -> bool:
    """Whether all given fields match the event."""
    category = event.get("category")
    campaign = category[0] if isinstance(category, list) else category
    wanted = {"tw_key": match.tw_key, "tw_chunk": match.tw_chunk, "email": match.email}
    return match.campaign in (None, campaign) and all(value in (None, event.get(name)) for name, value in wanted.items())


def _applies_to(armed: Armed, event: Event) -> bool:
    return armed.fault.kind != "bounces_without_custom_args" or event["event"] == "bounce"


def _storm(armed: Armed, event: Event) -> list[Delivery]:
    """The event `copies` times, each with its own id and in its own delivery."""
    return [
        (0, event),
        *((copy, {**event, "sg_event_id": redelivery_id(event, copy)}) for copy in range(1, armed.fault.copies)),
    ]


def _add_unknown_key(armed: Armed, event: Event) -> list[Delivery]:
    """The event, and a second one with a random key that no message has."""
    key = str(uuid.UUID(int=armed.random.getrandbits(128), version=5))
    return [(0, event), (0, {**event, **_with_key(event, key), "email": "nobody@example.com"})]


def _add_foreign_key(armed: Armed, event: Event) -> list[Delivery]:
    """The event, and a second one with one of `keys` of another campaign, but with this event's chunk and category."""
    if not armed.fault.keys:
        return [(0, event)]
    key = armed.random.choice(armed.fault.keys)
    return [(0, event), (0, {**event, **_with_key(event, key)})]


def _with_key(event: Event, key: str) -> Event:
    return {"tw_key": key, "sg_event_id": short_id(f"{event['sg_event_id']}\x1f{key}")}


def _strip_custom_args(_armed: Armed, event: Event) -> list[Delivery]:
    """An asynchronous bounce (by Return-Path): no custom_args, no category, no sg_message_id."""
    own = {"email", "timestamp", "event", "sg_event_id", "type", "bounce_classification", "reason", "status", "smtp-id"}
    return [(0, {name: value for name, value in event.items() if name in own})]


EVENT_TRANSFORMS = {
    "storm": _storm,
    "unknown_keys": _add_unknown_key,
    "foreign_keys": _add_foreign_key,
    "bounces_without_custom_args": _strip_custom_args,
}
