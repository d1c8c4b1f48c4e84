"""Recipient behaviour: the timeline of one message, drawn from (seed, message key) only.

Offsets are seconds after the start at speed 1. Machines act within 2 s of delivery, people at least 8 s after it; nearly
all timelines end within 45 s.
"""

from __future__ import annotations

import hashlib
from random import Random
from typing import NamedTuple

from simulator.recipients import smtp_messages
from simulator.recipients.rates import Rates


class TimelineEntry(NamedTuple):
    """One action, `offset` seconds after the start.

    `kind` is an event name or a link visit (one_click, body_unsubscribe, scan). `detail` depends on the kind: an SMTP
    message, a user agent, an attempt.
    """

    offset: float
    kind: str
    detail: object = None


class Click(NamedTuple):
    """`pick` in [0, 1) selects one of the body's links. `machine` is visible on the control endpoint only."""

    pick: float
    useragent: str
    machine: bool


class Open(NamedTuple):
    """Opens with `apple` have sg_machine_open set."""

    useragent: str
    apple: bool
    machine: bool


class Deferral(NamedTuple):
    """One deferred attempt; its number is a string on the wire."""

    response: str
    attempt: str


def seeded_random(seed: int, key: str) -> Random:
    """The random generator of one message."""
    digest = hashlib.blake2b(f"{seed}\x1f{key}".encode("utf-8", "replace"), digest_size=16).digest()
    return Random(int.from_bytes(digest, "big"))


def message_timeline(seed: int, key: str, provider: str, rates: Rates, dropped: str | None = None) -> list[TimelineEntry]:
    """The timeline of a message in order. `dropped` is the reason why SendGrid drops the message without an attempt."""
    random = seeded_random(seed, key)
    start = 0.1 + random.random()
    if reason := dropped or _drop_reason(random.random(), rates):
        return [TimelineEntry(start, "dropped", reason)]
    entries = [TimelineEntry(start, "processed")]
    at = start + 0.8 + 3.0 * random.random()
    delivery_draw = random.random()
    if random.random() < rates.deferred:
        at, expired = _add_deferrals(random, at, entries)
        if random.random() < rates.expires:
            return [*entries, TimelineEntry(expired, "blocked", smtp_messages.EXPIRED)]
    if delivery_draw < rates.hard_bounce + rates.blocked:
        return entries + _bounce_entries(random, at, delivery_draw < rates.hard_bounce, rates)
    entries.append(TimelineEntry(at, "delivered", smtp_messages.DELIVERED[provider]))
    _add_machine_actions(random, at, rates, provider, entries)
    _add_human_actions(random, at, rates, provider, entries)
    entries.sort(key=_offset)
    return entries


def _offset(entry: TimelineEntry) -> float:
    return entry.offset


def _drop_reason(roll: float, rates: Rates) -> str | None:
    if roll < rates.invalid:
        return "Invalid"
    return "Spam Content" if roll < rates.invalid + rates.spam_content else None


def _add_deferrals(random: Random, at: float, entries: list[TimelineEntry]) -> tuple[float, float]:
    """Adds one to three deferrals at growing intervals; returns the times of the delivery and of the expiry."""
    response = random.choice(smtp_messages.DEFERRALS)
    for attempt in range(1, random.randint(1, 3) + 1):
        entries.append(TimelineEntry(at, "deferred", Deferral(response, str(attempt))))
        at += 0.8 + attempt * random.random()
    return at, at + 2


def _bounce_entries(random: Random, at: float, hard: bool, rates: Rates) -> list[TimelineEntry]:
    if not hard:
        return [TimelineEntry(at, "blocked", random.choice(smtp_messages.BLOCKED))]
    refusal = random.choice(smtp_messages.HARD)
    if random.random() < rates.asynchronous:
        return [
            TimelineEntry(at, "delivered", smtp_messages.DELIVERED["other"]),
            TimelineEntry(at + 2 + 6 * random.random(), "late_bounce", refusal),
        ]
    return [TimelineEntry(at, "bounce", refusal)]


def _add_machine_actions(random: Random, at: float, rates: Rates, provider: str, entries: list[TimelineEntry]) -> None:
    if random.random() < rates.machine_open:
        apple = provider == "icloud"
        agent = smtp_messages.APPLE_PROXY if apple else smtp_messages.GMAIL_PROXY
        entries.append(TimelineEntry(at + 0.2 + 1.6 * random.random(), "open", Open(agent, apple, machine=True)))
    if random.random() < rates.scanner:
        agent, began = random.choice(smtp_messages.SCANNERS), at + 0.1 + 1.2 * random.random()
        if random.random() < 0.4:
            entries.append(TimelineEntry(began, "open", Open(agent, apple=False, machine=True)))
        count = random.randint(2, 5)
        entries.extend(
            TimelineEntry(began + 0.1 * step, "click", Click(step / count, agent, machine=True)) for step in range(count)
        )
        entries.append(TimelineEntry(began + 0.6, "scan", agent))


def _add_human_actions(random: Random, at: float, rates: Rates, provider: str, entries: list[TimelineEntry]) -> None:
    """Most people open within the first seconds, a few later; further actions depend on the first open."""
    opened = at + 8 + min(16.0, random.expovariate(0.25))
    browser = random.choice(smtp_messages.BROWSERS)
    if random.random() < rates.one_click:
        entries.append(TimelineEntry(opened + 0.5, "one_click", browser))
    if random.random() >= rates.human_open:
        return
    agent = {"gmail": smtp_messages.GMAIL_PROXY, "yahoo": smtp_messages.YAHOO_PROXY}.get(provider, browser)
    entries.append(TimelineEntry(opened, "open", Open(agent, apple=False, machine=False)))
    if random.random() < 0.15:
        entries.append(TimelineEntry(opened + 4 + 6 * random.random(), "open", Open(agent, apple=False, machine=False)))
    if random.random() < rates.click:
        _add_human_clicks(random, opened, browser, entries)
    if random.random() < rates.body_unsubscribe:
        entries.append(TimelineEntry(opened + 3 + 3 * random.random(), "body_unsubscribe", browser))
    if random.random() < rates.complaint:
        entries.append(TimelineEntry(opened + 2 + 5 * random.random(), "spamreport"))


def _add_human_clicks(random: Random, opened: float, browser: str, entries: list[TimelineEntry]) -> None:
    at = opened + 1 + 4 * random.random()
    entries.append(TimelineEntry(at, "click", Click(0.6 * random.random() ** 2, browser, machine=False)))
    if random.random() < 0.2:
        entries.append(TimelineEntry(at + 2 + 3 * random.random(), "click", Click(random.random(), browser, machine=False)))
