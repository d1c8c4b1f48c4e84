"""The life of one message: what happens to it and when, drawn from (seed, message key) and from nothing else.

Offsets are seconds after the start at speed 1. Machines act within 2 s of delivery, people 8 s or more after it; nearly
every life is over after 45 s.
"""

from __future__ import annotations

import hashlib
from random import Random
from typing import NamedTuple

from simulator.recipients import smtp_messages
from simulator.recipients.rates import Rates


class Moment(NamedTuple):
    """Something that happens `offset` seconds after the start.

    `kind` is an event name, or a visit to the edge (one_click, body_unsubscribe, scan). `detail` is what the kind needs: a
    phrase, a user agent, an attempt.
    """

    offset: float
    kind: str
    detail: object = None


class Click(NamedTuple):
    """`pick` in [0, 1) chooses the link among those the body has. `machine` is told to nobody but the control endpoint."""

    pick: float
    useragent: str
    machine: bool


class Open(NamedTuple):
    """`apple` opens carry sg_machine_open."""

    useragent: str
    apple: bool
    machine: bool


class Deferral(NamedTuple):
    """One attempt; the number is a string on the wire."""

    response: str
    attempt: str


def draw(seed: int, key: str) -> Random:
    """The dice of one message."""
    digest = hashlib.blake2b(f"{seed}\x1f{key}".encode("utf-8", "replace"), digest_size=16).digest()
    return Random(int.from_bytes(digest, "big"))


def live(seed: int, key: str, provider: str, rates: Rates, dropped: str | None = None) -> list[Moment]:
    """The moments of a message in order. `dropped` is the reason for which SendGrid does not even try."""
    dice = draw(seed, key)
    start = 0.1 + dice.random()
    if reason := dropped or _drop(dice.random(), rates):
        return [Moment(start, "dropped", reason)]
    moments = [Moment(start, "processed")]
    at = start + 0.8 + 3.0 * dice.random()
    fate = dice.random()
    if dice.random() < rates.deferred:
        at, expired = _defer(dice, at, moments)
        if dice.random() < rates.expires:
            return [*moments, Moment(expired, "blocked", smtp_messages.EXPIRED)]
    if fate < rates.hard_bounce + rates.blocked:
        return moments + _bounce(dice, at, fate < rates.hard_bounce, rates)
    moments.append(Moment(at, "delivered", smtp_messages.DELIVERED[provider]))
    _machines(dice, at, rates, provider, moments)
    _person(dice, at, rates, provider, moments)
    moments.sort(key=_when)
    return moments


def _when(moment: Moment) -> float:
    return moment.offset


def _drop(roll: float, rates: Rates) -> str | None:
    if roll < rates.invalid:
        return "Invalid"
    return "Spam Content" if roll < rates.invalid + rates.spam_content else None


def _defer(dice: Random, at: float, moments: list[Moment]) -> tuple[float, float]:
    """One to three attempts in growing intervals; then when it is delivered, or given up."""
    response = dice.choice(smtp_messages.DEFERRALS)
    for attempt in range(1, dice.randint(1, 3) + 1):
        moments.append(Moment(at, "deferred", Deferral(response, str(attempt))))
        at += 0.8 + attempt * dice.random()
    return at, at + 2


def _bounce(dice: Random, at: float, hard: bool, rates: Rates) -> list[Moment]:
    if not hard:
        return [Moment(at, "blocked", dice.choice(smtp_messages.BLOCKED))]
    refusal = dice.choice(smtp_messages.HARD)
    if dice.random() < rates.asynchronous:
        return [
            Moment(at, "delivered", smtp_messages.DELIVERED["other"]),
            Moment(at + 2 + 6 * dice.random(), "late_bounce", refusal),
        ]
    return [Moment(at, "bounce", refusal)]


def _machines(dice: Random, at: float, rates: Rates, provider: str, moments: list[Moment]) -> None:
    if dice.random() < rates.machine_open:
        apple = provider == "icloud"
        agent = smtp_messages.APPLE_PROXY if apple else smtp_messages.GMAIL_PROXY
        moments.append(Moment(at + 0.2 + 1.6 * dice.random(), "open", Open(agent, apple, machine=True)))
    if dice.random() < rates.scanner:
        agent, began = dice.choice(smtp_messages.SCANNERS), at + 0.1 + 1.2 * dice.random()
        if dice.random() < 0.4:
            moments.append(Moment(began, "open", Open(agent, apple=False, machine=True)))
        count = dice.randint(2, 5)
        moments.extend(
            Moment(began + 0.1 * step, "click", Click(step / count, agent, machine=True)) for step in range(count)
        )
        moments.append(Moment(began + 0.6, "scan", agent))


def _person(dice: Random, at: float, rates: Rates, provider: str, moments: list[Moment]) -> None:
    """Most open within the first seconds, a few late; what they do next follows from the first open."""
    opened = at + 8 + min(16.0, dice.expovariate(0.25))
    browser = dice.choice(smtp_messages.BROWSERS)
    if dice.random() < rates.one_click:
        moments.append(Moment(opened + 0.5, "one_click", browser))
    if dice.random() >= rates.human_open:
        return
    agent = {"gmail": smtp_messages.GMAIL_PROXY, "yahoo": smtp_messages.YAHOO_PROXY}.get(provider, browser)
    moments.append(Moment(opened, "open", Open(agent, apple=False, machine=False)))
    if dice.random() < 0.15:
        moments.append(Moment(opened + 4 + 6 * dice.random(), "open", Open(agent, apple=False, machine=False)))
    if dice.random() < rates.click:
        _clicks(dice, opened, browser, moments)
    if dice.random() < rates.body_unsubscribe:
        moments.append(Moment(opened + 3 + 3 * dice.random(), "body_unsubscribe", browser))
    if dice.random() < rates.complaint:
        moments.append(Moment(opened + 2 + 5 * dice.random(), "spamreport"))


def _clicks(dice: Random, opened: float, browser: str, moments: list[Moment]) -> None:
    at = opened + 1 + 4 * dice.random()
    moments.append(Moment(at, "click", Click(0.6 * dice.random() ** 2, browser, machine=False)))
    if dice.random() < 0.2:
        moments.append(Moment(at + 2 + 3 * dice.random(), "click", Click(dice.random(), browser, machine=False)))
