"""Machines that open and click: proxies that fetch pictures before anybody reads, and gateways that follow every link.

They are made as hard to tell from people as they are: some proxies are not flagged, some fetch late, some gateways call
themselves a browser, some wait before they scan, some follow one link only.
"""

from __future__ import annotations

from random import Random

from simulator.recipients import smtp_messages
from simulator.recipients.rates import Rates
from simulator.recipients.timeline import Click, Open, TimelineEntry

UNFLAGGED = 0.05
"""Of the prefetches by Apple's proxy: those for which SendGrid does not set sg_machine_open."""
LATE = 0.10
"""Of the prefetches by privacy proxies and of the scans: those that do not come within 2 s."""
ONE_LINK = 0.10
"""Of the scans: those that follow only the first link."""
OPENS_TOO = 0.40
"""Of the scans: those that load the pictures."""
MAX_LINKS = 8
"""Links that a scan follows; it ends at the last one of the body."""


def prefetch(random: Random, at: float, rates: Rates, provider: str) -> list[TimelineEntry]:
    """The open by a proxy that loads the pictures of a message delivered at `at`, whoever reads it; often empty."""
    if random.random() >= rates.machine_open:
        return []
    if provider == "gmail":
        return [TimelineEntry(_soon(random, at), "open", Open(smtp_messages.GMAIL_PROXY, apple=False, machine=True))]
    apple = provider == "icloud" and random.random() >= UNFLAGGED
    when = at + 6 + 14 * random.random() if random.random() < LATE else _soon(random, at)
    return [TimelineEntry(when, "open", Open(smtp_messages.PRIVACY_PROXY, apple, machine=True))]


def scan(random: Random, at: float, rates: Rates) -> list[TimelineEntry]:
    """A security gateway with a message delivered at `at`: clicks, a visit of the unsubscribe link, often an open."""
    if random.random() >= rates.scanner:
        return []
    agent = random.choice(smtp_messages.SCANNERS)
    began = at + 6 + 8 * random.random() if random.random() < LATE else _soon(random, at) - 0.1
    links = 1 if random.random() < ONE_LINK else MAX_LINKS
    clicks = [
        TimelineEntry(began + 0.1 + 0.08 * place, "click", Click(0.0, agent, machine=True, place=place))
        for place in range(links)
    ]
    opened = [TimelineEntry(began, "open", Open(agent, apple=False, machine=True))] if random.random() < OPENS_TOO else []
    return [*opened, *clicks, TimelineEntry(began + 0.6, "scan", agent)]


def _soon(random: Random, at: float) -> float:
    return at + 0.2 + 1.1 * random.random()
