"""Recipient behaviour: the timeline of one message, drawn from (seed, message key) only.

Offsets are seconds after the start at speed 1. Most machines act within 2 s of delivery (machines.py), most people at least
11 s after it, a few within 5 s; nearly all timelines end within 45 s.
"""

from __future__ import annotations

import hashlib
from operator import attrgetter
from random import Random

from simulator.recipients import smtp_messages
from simulator.recipients.machines import prefetch, scan
from simulator.recipients.rates import Rates
from simulator.recipients.timeline import Click, Deferral, Open, TimelineEntry

FAST_PEOPLE = 0.03
"""Of the people who open: those who read at once, as the phone announces the mail."""


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
    prefetched = prefetch(random, at, rates, provider)
    entries += prefetched + scan(random, at, rates)
    is_hidden = provider == "icloud" and bool(prefetched)
    _add_human_actions(random, at, rates, provider, entries, is_hidden=is_hidden)
    entries.sort(key=attrgetter("offset"))
    return entries


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


def _add_human_actions(
    random: Random, at: float, rates: Rates, provider: str, entries: list[TimelineEntry], *, is_hidden: bool
) -> None:
    """Most people open within the first seconds, a few later; further actions depend on the first open.

    `is_hidden`: the pictures come from the copy that Apple's proxy has fetched, so that no open is reported.
    """
    opened = at + (
        2.5 + 2.0 * random.random() if random.random() < FAST_PEOPLE else 11 + min(13.0, random.expovariate(0.25))
    )
    browser = random.choice(smtp_messages.BROWSERS)
    if random.random() < rates.one_click:
        entries.append(TimelineEntry(opened + 0.5, "one_click", browser))
    if random.random() >= rates.human_open:
        return
    again = random.random() < 0.15
    if not is_hidden:
        agent = {"gmail": smtp_messages.GMAIL_PROXY, "yahoo": smtp_messages.YAHOO_PROXY}.get(provider, browser)
        times = (opened, *([opened + 4 + 6 * random.random()] if again else []))
        entries += [TimelineEntry(time, "open", Open(agent, apple=False, machine=False)) for time in times]
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
