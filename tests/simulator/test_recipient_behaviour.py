"""Recipient behaviour: timelines are deterministic, ordered and realistic in time."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from simulator.recipients.behaviour import message_timeline
from simulator.recipients.rates import BY_PROVIDER, Rates, provider_of, rates_with
from simulator.recipients.smtp_messages import PRIVACY_PROXY
from simulator.recipients.timeline import Click, Open, TimelineEntry

keys = st.uuids().map(str)
seeds = st.integers(0, 2**32)
providers = st.sampled_from(sorted(BY_PROVIDER))
BUSY = Rates(
    hard_bounce=0.05,
    asynchronous=0.5,
    deferred=0.3,
    machine_open=0.5,
    scanner=0.5,
    human_open=0.9,
    click=0.9,
    body_unsubscribe=0.5,
    complaint=0.5,
    one_click=0.5,
)
HUMAN = ("one_click", "body_unsubscribe", "spamreport")


def is_machine(entry: TimelineEntry) -> bool:
    return entry.kind == "scan" or (isinstance(entry.detail, Click | Open) and entry.detail.machine)


def is_human(entry: TimelineEntry) -> bool:
    return entry.kind in HUMAN or (isinstance(entry.detail, Click | Open) and not entry.detail.machine)


@given(seeds, keys, providers)
def test_the_same_seed_and_key_give_the_same_timeline(seed: int, key: str, provider: str) -> None:
    assert message_timeline(seed, key, provider, BUSY) == message_timeline(seed, key, provider, BUSY)


@given(seeds, keys, providers)
def test_a_timeline_starts_once_and_ends_in_time(seed: int, key: str, provider: str) -> None:
    entries = message_timeline(seed, key, provider, BUSY)
    kinds = Counter(entry.kind for entry in entries)
    assert kinds["processed"] + kinds["dropped"] == 1
    assert kinds["delivered"] <= 1
    assert kinds["bounce"] + kinds["blocked"] + kinds["late_bounce"] <= 1
    assert [entry.offset for entry in entries] == sorted(entry.offset for entry in entries)
    assert entries[-1].offset < 50


@given(seeds, keys, providers)
def test_nobody_acts_before_the_delivery_and_most_machines_act_at_once(seed: int, key: str, provider: str) -> None:
    entries = message_timeline(seed, key, provider, BUSY)
    delivered = [entry.offset for entry in entries if entry.kind == "delivered"]
    assert delivered or not any(is_machine(entry) or is_human(entry) for entry in entries)
    for entry in entries:
        if is_machine(entry):
            after = entry.offset - delivered[0]
            assert 0 < after <= 2.2 or 6 <= after <= 20
        if is_human(entry):
            assert entry.offset - delivered[0] >= 2.5


@given(seeds, keys)
def test_a_suppressed_message_is_only_dropped(seed: int, key: str) -> None:
    (only,) = message_timeline(seed, key, "gmail", BUSY, dropped="Bounced Address")
    assert (only.kind, only.detail) == ("dropped", "Bounced Address")


def test_another_seed_gives_another_timeline() -> None:
    assert [message_timeline(1, f"k{at}", "gmail", BUSY) for at in range(20)] != [
        message_timeline(2, f"k{at}", "gmail", BUSY) for at in range(20)
    ]


def test_observed_rates_match_the_rates_of_the_provider() -> None:
    timelines = {
        name: [message_timeline(3, f"k{at}", name, rates) for at in range(4_000)] for name, rates in BY_PROVIDER.items()
    }
    for name, rates in BY_PROVIDER.items():
        opened = sum(any(is_human(entry) and entry.kind == "open" for entry in timeline) for timeline in timelines[name])
        seen = 1 - rates.machine_open if name == "icloud" else 1
        assert abs(opened / 4_000 - rates.human_open * 0.98 * seen) < 0.03
    apple = [entry.detail.apple for timeline in timelines["icloud"] for entry in timeline if isinstance(entry.detail, Open)]
    assert sum(apple) > 2_000
    assert not any(
        entry.detail.apple for timeline in timelines["gmail"] for entry in timeline if isinstance(entry.detail, Open)
    )


def test_all_kinds_occur() -> None:
    kinds = {entry.kind for at in range(3_000) for entry in message_timeline(1, f"k{at}", "other", BUSY)}
    assert kinds == {
        "processed", "dropped", "deferred", "delivered", "bounce", "blocked", "late_bounce", "open", "click", "scan", *HUMAN,
    }  # fmt: skip


def test_a_rate_of_one_is_certain_and_of_zero_impossible() -> None:
    certain = rates_with({"gmail": {"hard_bounce": 1, "deferred": 0, "invalid": 0, "spam_content": 0, "asynchronous": 0}})[
        "gmail"
    ]
    assert {timeline[-1].kind for timeline in (message_timeline(1, f"k{at}", "gmail", certain) for at in range(200))} == {
        "bounce"
    }


def test_the_first_label_of_the_domain_is_the_provider() -> None:
    assert [provider_of(f"a@{domain}") for domain in ("gmail.example.com", "Outlook.example.org", "firm.example.net")] == [
        "gmail", "outlook", "other",
    ]  # fmt: skip


def test_the_hard_cases_of_a_classification_occur() -> None:
    """Proxies without a flag, late machines, gateways that look like a browser or follow one link, people who are fast."""
    found = Counter[str]()
    for name, rates in BY_PROVIDER.items():
        for at in range(6_000):
            entries = message_timeline(5, f"k{at}", name, rates)
            delivered = [entry.offset for entry in entries if entry.kind == "delivered"]
            details = [
                (entry.offset - delivered[0], entry.detail) for entry in entries if isinstance(entry.detail, Click | Open)
            ]
            clicks = [detail for _, detail in details if isinstance(detail, Click) and detail.machine]
            found["unflagged"] += any(
                isinstance(detail, Open) and detail.useragent == PRIVACY_PROXY and not detail.apple for _, detail in details
            )
            found["late machine"] += any(detail.machine and after > 5 for after, detail in details)
            found["fast person"] += any(not detail.machine and after < 5 for after, detail in details)
            found["one link"] += len(clicks) == 1
            found["new browser"] += bool(clicks) and "Chrome/141" in clicks[0].useragent
            found["hidden reader"] += (
                name == "icloud"
                and any(isinstance(detail, Click) and not detail.machine for _, detail in details)
                and not any(isinstance(detail, Open) and not detail.machine for _, detail in details)
            )
    assert (
        min(found[what] for what in ("unflagged", "late machine", "fast person", "one link", "new browser", "hidden reader"))
        > 20
    ), found
