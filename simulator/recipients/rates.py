"""Rates of recipient behaviour by mailbox provider."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

SPEED_LIMIT = 10_000


@dataclass(frozen=True)
class Rates:
    """Shares from 0 to 1.

    Of messages: invalid and spam_content (dropped), hard_bounce, blocked, deferred (then delivered
    or, by `expires`, blocked), machine_open (a proxy fetches the pictures), scanner, human_open,
    one_click. Of people who opened: click, body_unsubscribe, complaint. `asynchronous` is the share of hard bounces that
    come after `delivered`, without custom_args.
    """

    invalid: float = 0.0008
    spam_content: float = 0.0003
    hard_bounce: float = 0.006
    asynchronous: float = 0.05
    blocked: float = 0.004
    deferred: float = 0.03
    expires: float = 0.03
    machine_open: float = 0.0
    scanner: float = 0.0
    human_open: float = 0.24
    click: float = 0.16
    body_unsubscribe: float = 0.010
    complaint: float = 0.0004
    one_click: float = 0.0015


BY_PROVIDER = {
    "gmail": Rates(hard_bounce=0.004, deferred=0.04, machine_open=0.06, human_open=0.27, one_click=0.003, complaint=0.0),
    "yahoo": Rates(hard_bounce=0.009, blocked=0.008, deferred=0.07, human_open=0.22, complaint=0.0006),
    "outlook": Rates(hard_bounce=0.006, blocked=0.007, deferred=0.05, scanner=0.12, human_open=0.20, complaint=0.0005),
    "icloud": Rates(hard_bounce=0.004, deferred=0.02, machine_open=0.62, human_open=0.26, complaint=0.0),
    "other": Rates(hard_bounce=0.012, blocked=0.006, deferred=0.05, machine_open=0.05, scanner=0.16, human_open=0.21),
}
"""The provider is the first label of the recipient's domain (gmail.example.com); Gmail and Apple report no complaints."""


def provider_of(email: str) -> str:
    """The key into `BY_PROVIDER` for an address."""
    label = email.rpartition("@")[2].partition(".")[0].lower()
    return label if label in BY_PROVIDER else "other"


def rates_with(overrides: dict[str, dict[str, float]]) -> dict[str, Rates]:
    """The rates with overrides: `{"gmail": {"hard_bounce": 0.3}}`, or `{"all": {...}}`. Raises ValueError."""
    unknown = overrides.keys() - {*BY_PROVIDER, "all"}
    names = {name for shares in overrides.values() for name in shares} - asdict(Rates()).keys()
    if unknown or names:
        raise ValueError(f"Unknown providers {sorted(unknown)} or rates {sorted(names)}")
    if not all(0 <= share <= 1 for shares in overrides.values() for share in shares.values()):
        raise ValueError("Rates must be between 0 and 1")
    common = overrides.get("all", {})
    return {name: replace(rates, **{**common, **overrides.get(name, {})}) for name, rates in BY_PROVIDER.items()}
