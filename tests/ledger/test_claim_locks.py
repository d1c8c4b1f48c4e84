"""During a claim no suppression and no change of the plan's state commits: tested with two real transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Connection, insert

from include.ledger import chunks, pending, plans, suppressions
from include.ledger.chunks import Outcome
from include.ledger.database import Ledger
from include.ledger.suppressions import Suppression
from include.ledger.tables import suppression_log
from tests.ledger.plan import PLAN, chunk_of, claim, freeze, row

JOIN_SECONDS = 0.7
"""Seconds in which an unblocked transaction commits. A blocked one takes as long as the claim."""


def open_intents_after(ledger: Ledger, act: Callable[[], object]) -> int:
    """Start `act` during a claim; returns the number of committed claims at the moment when `act` has committed."""
    seen: list[int] = []

    def other() -> None:
        act()
        seen.append(chunks.open_intents(ledger, PLAN))

    thread = threading.Thread(target=other)

    def during_claim(connection: Connection) -> list[Outcome]:
        suppressions.since(connection, 0)
        thread.start()
        thread.join(JOIN_SECONDS)
        return []

    freeze(ledger)
    assert chunks.claim(ledger, chunk_of(ledger), during_claim) is not None
    thread.join(30)
    return seen[0]


def test_suppression_during_a_claim_commits_after_it(ledger: Ledger) -> None:
    """Otherwise the edge could confirm an unsubscribe just before an intent for the same person commits."""
    left = [Suppression("a" * 64, "unsubscribe", "edge", 1.0)]
    assert open_intents_after(ledger, lambda: suppressions.suppress(ledger, left)) == 1


def test_pause_during_a_claim_commits_after_it(ledger: Ledger) -> None:
    def pause() -> None:
        assert plans.change_state(ledger, PLAN, "paused", from_states=("sending",))

    assert open_intents_after(ledger, pause) == 1


def test_claims_run_concurrently_on_postgresql(ledger: Ledger) -> None:
    """The lock against suppressions and state changes is shared by all senders."""
    freeze(ledger, (10, 10))
    thread = threading.Thread(target=lambda: claim(ledger, 1))
    done: list[bool] = []

    def during_claim(_connection: Connection) -> list[Outcome]:
        thread.start()
        thread.join(10 if not ledger.is_sqlite else JOIN_SECONDS)
        done.append(not thread.is_alive())
        return []

    assert chunks.claim(ledger, chunk_of(ledger), during_claim) is not None
    thread.join(30)
    assert done == [not ledger.is_sqlite]
    assert chunks.open_intents(ledger, PLAN) == 2


def test_suppression_log_is_in_commit_order(ledger: Ledger) -> None:
    """A sender that has read up to a sequence number has missed no earlier entry."""
    other = threading.Thread(
        target=lambda: suppressions.suppress(ledger, [Suppression("b" * 64, "unsubscribe", "edge", 1.0)])
    )
    first = {"address_key": "a" * 64, "action": "suppress", "reason": "unsubscribe", "source": "edge"}
    with ledger.write() as connection:
        suppressions.serialise_writers(connection)
        connection.execute(insert(suppression_log), [{**first, "happened_at": 1.0, "recorded_at": 1.0}])
        other.start()
        other.join(JOIN_SECONDS)
        with ledger.read() as reading:
            seen = suppressions.last_seq(reading)
    other.join(30)
    with ledger.read() as reading:
        assert [address[0] for _seq, address, _action, _reason in suppressions.since(reading, seen)] == ["a", "b"]


def test_concurrent_splits_use_different_chunk_numbers(ledger: Ledger) -> None:
    freeze(ledger, (10, 10))
    other = threading.Thread(
        target=lambda: pending.divide(ledger, chunk_of(ledger, 1), lambda _: [("0-4", 5), ("5-9", 5)], "later")
    )
    with ledger.write() as connection:
        pending.add_children(connection, PLAN, 0, [("0-9", 10)])
        other.start()
        other.join(JOIN_SECONDS)
    other.join(30)
    assert [(row(ledger, chunk)["parent"], row(ledger, chunk)["selection"]) for chunk in (2, 3, 4)] == [
        (0, "0-9"),
        (1, "0-4"),
        (1, "5-9"),
    ]
