"""Between a claim's look and its commit nobody is suppressed and nobody stops the campaign: two real transactions."""

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

PATIENCE = 0.7
"""Seconds for another transaction to get through where it is not held up. One that is held up takes as long as the claim."""


def open_intents_when_it_was_done(ledger: Ledger, act: Callable[[], object]) -> int:
    """How many claims were on disk at the moment at which `act`, begun amid a claim, had been committed."""
    seen: list[int] = []

    def other() -> None:
        act()
        seen.append(chunks.open_intents(ledger, PLAN))

    thread = threading.Thread(target=other)

    def amid(connection: Connection) -> list[Outcome]:
        suppressions.since(connection, 0)
        thread.start()
        thread.join(PATIENCE)
        return []

    freeze(ledger)
    assert chunks.claim(ledger, chunk_of(ledger), amid) is not None
    thread.join(30)
    return seen[0]


def test_suppression_during_a_claim_commits_after_it(ledger: Ledger) -> None:
    """Or the edge says "you get no more mail" to somebody whose request is written a moment later."""
    left = [Suppression("a" * 64, "unsubscribe", "edge", 1.0)]
    assert open_intents_when_it_was_done(ledger, lambda: suppressions.suppress(ledger, left)) == 1


def test_pause_during_a_claim_commits_after_it(ledger: Ledger) -> None:
    def pause() -> None:
        assert plans.change_state(ledger, PLAN, "paused", from_states=("sending",))

    assert open_intents_when_it_was_done(ledger, pause) == 1


def test_claims_run_concurrently_on_postgresql(ledger: Ledger) -> None:
    """What holds suppressions and states still is shared by all senders."""
    freeze(ledger, (10, 10))
    thread = threading.Thread(target=lambda: claim(ledger, 1))
    done: list[bool] = []

    def amid(_connection: Connection) -> list[Outcome]:
        thread.start()
        thread.join(10 if not ledger.is_sqlite else PATIENCE)
        done.append(not thread.is_alive())
        return []

    assert chunks.claim(ledger, chunk_of(ledger), amid) is not None
    thread.join(30)
    assert done == [not ledger.is_sqlite]
    assert chunks.open_intents(ledger, PLAN) == 2


def test_suppression_log_is_in_commit_order(ledger: Ledger) -> None:
    """A sender that has read up to a number has missed nothing before it."""
    other = threading.Thread(
        target=lambda: suppressions.suppress(ledger, [Suppression("b" * 64, "unsubscribe", "edge", 1.0)])
    )
    first = {"address_key": "a" * 64, "action": "suppress", "reason": "unsubscribe", "source": "edge"}
    with ledger.write() as connection:
        suppressions.serialise_writers(connection)
        connection.execute(insert(suppression_log), [{**first, "happened_at": 1.0, "recorded_at": 1.0}])
        other.start()
        other.join(PATIENCE)
        with ledger.read() as reading:
            seen = suppressions.last_seq(reading)
    other.join(30)
    with ledger.read() as reading:
        assert [address[0] for _seq, address, _action, _reason in suppressions.since(reading, seen)] == ["a", "b"]


def test_concurrent_splits_use_different_chunk_numbers(ledger: Ledger) -> None:
    freeze(ledger, (10, 10))
    other = threading.Thread(target=lambda: pending.divide(ledger, chunk_of(ledger, 1), [("0-4", 5), ("5-9", 5)], "later"))
    with ledger.write() as connection:
        pending.add_children(connection, PLAN, 0, [("0-9", 10)])
        other.start()
        other.join(PATIENCE)
    other.join(30)
    assert [(row(ledger, chunk)["parent"], row(ledger, chunk)["selection"]) for chunk in (2, 3, 4)] == [
        (0, "0-9"),
        (1, "0-4"),
        (1, "5-9"),
    ]
