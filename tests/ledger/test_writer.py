"""Calls that wait together share a transaction; each stands or falls alone, and none is told before the commit."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from sqlalchemy import event, insert, select

from include.ledger.database import Ledger
from include.ledger.tables import ledger_metadata
from include.ledger.writer import LedgerWriter


def note(ledger: Ledger, name: str, then: Exception | None = None) -> str:
    """Write something, and perhaps fail after it."""
    with ledger.write() as connection:
        connection.execute(insert(ledger_metadata).values(name=f"note:{name}", value="x"))
        if then:
            raise then
    return name


def noted(ledger: Ledger, name: str) -> bool:
    with ledger.read() as connection:
        return connection.scalar(select(ledger_metadata.c.value).where(ledger_metadata.c.name == f"note:{name}")) is not None


async def made(ledger: Ledger, *calls: tuple[Any, ...]) -> list[Any]:
    """The outcomes of calls that are made at once, while the thread is held up by another."""
    desk, gate = LedgerWriter(ledger), threading.Event()
    held = asyncio.create_task(desk.run(lambda _: gate.wait(10)))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(desk.run(*call)) for call in calls]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(held, *waiting, return_exceptions=True)
    desk.close()
    return outcomes[1:]


def test_every_call_gets_its_own_result_in_order(ledger: Ledger) -> None:
    seen: list[str] = []

    def note_in_order(opened: Ledger, name: str) -> str:
        seen.append(name)
        return note(opened, name)

    assert asyncio.run(made(ledger, *((note_in_order, name) for name in "abcde"))) == list("abcde")
    assert seen == list("abcde")
    assert [noted(ledger, name) for name in "abcde"] == [True] * 5


def test_a_call_that_fails_undoes_its_own_and_nothing_else(ledger: Ledger) -> None:
    broken = ValueError("no")
    assert asyncio.run(made(ledger, (note, "a"), (note, "b", broken), (note, "c"))) == ["a", broken, "c"]
    assert [noted(ledger, name) for name in "abc"] == [True, False, True]


def test_a_call_reads_what_the_one_before_it_wrote(ledger: Ledger) -> None:
    assert asyncio.run(made(ledger, (note, "a"), (noted, "a"))) == ["a", True]


def test_on_sqlite_they_share_one_commit(ledger: Ledger) -> None:
    commits: list[object] = []
    event.listen(ledger.engine, "commit", commits.append)
    asyncio.run(made(ledger, *((note, name) for name in "abcd")))
    assert len(commits) == (1 if ledger.is_sqlite else 4)


def test_where_the_commit_fails_nobody_is_told_that_it_was_written(ledger: Ledger) -> None:
    def refuse(_: object) -> None:
        raise OSError("the disk is full")

    event.listen(ledger.engine, "commit", refuse)
    outcomes = asyncio.run(made(ledger, (note, "a"), (note, "b")))
    event.remove(ledger.engine, "commit", refuse)
    assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
    assert [noted(ledger, name) for name in "ab"] == [False, False]


def test_outside_of_such_a_transaction_a_write_commits_itself(ledger: Ledger) -> None:
    with ledger.together():
        note(ledger, "a")
    note(ledger, "b")
    assert [noted(ledger, name) for name in "ab"] == [True, True]


def test_all_calls_run_in_one_thread_of_their_own(ledger: Ledger) -> None:
    calls = [(lambda _opened: threading.get_ident(),)] * 5
    threads = asyncio.run(made(ledger, *calls))
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


def test_calls_of_two_desks_do_not_wait_for_one_another(ledger: Ledger) -> None:
    """Each has its thread: a sender that waits for its disk holds up no other in the process."""
    met = threading.Barrier(3)

    async def both() -> None:
        desks = [LedgerWriter(ledger) for _ in range(3)]
        await asyncio.gather(*(desk.run(lambda _opened: met.wait(10)) for desk in desks))
        for desk in desks:
            desk.close()

    asyncio.run(both())
