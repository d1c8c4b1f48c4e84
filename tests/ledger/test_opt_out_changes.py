"""Opt-outs and returns since the last export to the provider: the latest change per address, without the provider's own."""

from __future__ import annotations

import pytest

from include.ledger import opt_out_changes, suppressions
from include.ledger.database import Ledger
from include.ledger.opt_out_changes import Changes
from include.ledger.suppressions import Suppression

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def unsubscribe(ledger: Ledger, address: str, source: str = "edge", reason: str = "unsubscribe") -> None:
    assert suppressions.suppress(ledger, [Suppression(address, reason, source, 1.0)]) == 1


def since(ledger: Ledger, seq: int) -> Changes:
    with ledger.read() as connection:
        return opt_out_changes.changes_since(connection, seq)


def test_opt_outs_and_returns_are_reported_once(ledger: Ledger) -> None:
    assert since(ledger, 0) == Changes(frozenset(), frozenset(), 0)
    unsubscribe(ledger, A)
    unsubscribe(ledger, B)
    first = since(ledger, 0)
    assert first == Changes(frozenset({A, B}), frozenset(), 2)
    assert suppressions.lift(ledger, A, "preferences")
    assert since(ledger, first.seq) == Changes(frozenset(), frozenset({A}), 3)
    assert since(ledger, 3) == Changes(frozenset(), frozenset(), 3)


def test_latest_change_of_an_address_is_reported(ledger: Ledger) -> None:
    unsubscribe(ledger, A)
    suppressions.lift(ledger, A, "preferences")
    unsubscribe(ledger, B)
    suppressions.lift(ledger, B, "preferences")
    unsubscribe(ledger, B)
    assert since(ledger, 0) == Changes(frozenset({B}), frozenset({A}), 5)


def test_other_reasons_are_not_reported_as_opt_outs(ledger: Ledger) -> None:
    unsubscribe(ledger, A, reason="hard_bounce")
    unsubscribe(ledger, B)
    unsubscribe(ledger, B, reason="spam_complaint")
    unsubscribe(ledger, C, "sendgrid_list", reason="spam_complaint")
    assert since(ledger, 0) == Changes(
        frozenset({B}), frozenset(), 4, known_to_provider=frozenset({C}), elsewhere=frozenset({B}), bounced=frozenset({A})
    )
    with ledger.read() as connection:
        known = opt_out_changes.known_elsewhere(connection)
    assert {(key, reason) for key, reason, _ in known} == {(A, "hard_bounce"), (B, "spam_complaint")}


@pytest.mark.parametrize("source", ["webhook", "sendgrid_list", "sendgrid_group"])
def test_opt_outs_from_the_provider_are_not_reported_back(ledger: Ledger, source: str) -> None:
    unsubscribe(ledger, A, source)
    unsubscribe(ledger, C)
    assert since(ledger, 0) == Changes(frozenset({C}), frozenset(), 2, known_to_provider=frozenset({A}))
