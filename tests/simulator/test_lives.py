"""Lives: the same for the same seed and key, and in the order and at the times in which mail is lived."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from simulator.recipients.behaviour import Click, Moment, Open, live
from simulator.recipients.rates import BY_PROVIDER, Rates, changed, provider_of

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


def is_machine(moment: Moment) -> bool:
    return moment.kind == "scan" or (isinstance(moment.detail, Click | Open) and moment.detail.machine)


def is_human(moment: Moment) -> bool:
    return moment.kind in HUMAN or (isinstance(moment.detail, Click | Open) and not moment.detail.machine)


@given(seeds, keys, providers)
def test_the_same_seed_and_key_live_the_same_life(seed: int, key: str, provider: str) -> None:
    assert live(seed, key, provider, BUSY) == live(seed, key, provider, BUSY)


@given(seeds, keys, providers)
def test_a_life_begins_once_and_ends_in_time(seed: int, key: str, provider: str) -> None:
    moments = live(seed, key, provider, BUSY)
    kinds = Counter(moment.kind for moment in moments)
    assert kinds["processed"] + kinds["dropped"] == 1
    assert kinds["delivered"] <= 1
    assert kinds["bounce"] + kinds["blocked"] + kinds["late_bounce"] <= 1
    assert [moment.offset for moment in moments] == sorted(moment.offset for moment in moments)
    assert moments[-1].offset < 50


@given(seeds, keys, providers)
def test_machines_act_at_once_and_people_later(seed: int, key: str, provider: str) -> None:
    moments = live(seed, key, provider, BUSY)
    delivered = [moment.offset for moment in moments if moment.kind == "delivered"]
    assert delivered or not any(is_machine(moment) or is_human(moment) for moment in moments)
    for moment in moments:
        if is_machine(moment):
            assert 0 < moment.offset - delivered[0] <= 2
        if is_human(moment):
            assert moment.offset - delivered[0] >= 8


@given(seeds, keys)
def test_the_suppressed_are_dropped_and_nothing_else(seed: int, key: str) -> None:
    (only,) = live(seed, key, "gmail", BUSY, dropped="Bounced Address")
    assert (only.kind, only.detail) == ("dropped", "Bounced Address")


def test_another_seed_lives_another_life() -> None:
    assert [live(1, f"k{at}", "gmail", BUSY) for at in range(20)] != [live(2, f"k{at}", "gmail", BUSY) for at in range(20)]


def test_rates_hold_by_provider() -> None:
    lives = {name: [live(3, f"k{at}", name, rates) for at in range(4_000)] for name, rates in BY_PROVIDER.items()}
    for name, rates in BY_PROVIDER.items():
        opened = sum(any(is_human(moment) and moment.kind == "open" for moment in life) for life in lives[name])
        assert abs(opened / 4_000 - rates.human_open * 0.98) < 0.03
    apple = [moment.detail.apple for life in lives["icloud"] for moment in life if isinstance(moment.detail, Open)]
    assert sum(apple) > 2_000
    assert not any(moment.detail.apple for life in lives["gmail"] for moment in life if isinstance(moment.detail, Open))


def test_everything_that_may_happen_does() -> None:
    kinds = {moment.kind for at in range(3_000) for moment in live(1, f"k{at}", "other", BUSY)}
    assert kinds == {
        "processed", "dropped", "deferred", "delivered", "bounce", "blocked", "late_bounce", "open", "click", "scan", *HUMAN,
    }  # fmt: skip


def test_a_rate_of_one_is_certain_and_of_zero_impossible() -> None:
    certain = changed({"gmail": {"hard_bounce": 1, "deferred": 0, "invalid": 0, "spam_content": 0, "asynchronous": 0}})[
        "gmail"
    ]
    assert {life[-1].kind for life in (live(1, f"k{at}", "gmail", certain) for at in range(200))} == {"bounce"}


def test_the_first_label_is_the_provider() -> None:
    assert [provider_of(f"a@{domain}") for domain in ("gmail.example.com", "Outlook.example.org", "firm.example.net")] == [
        "gmail", "outlook", "other",
    ]  # fmt: skip
