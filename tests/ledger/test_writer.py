"""Concurrent calls share a transaction; each succeeds or fails on its own, and returns only after the commit."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from sqlalchemy import event, insert, select

from include.ledger.database import Ledger
from include.ledger.tables import ledger_metadata
from include.ledger.writer import LedgerWriter


def note(ledger: Ledger, name: str, then: Exception | None = None) -> str:
    """Write a row, then raise `then` if given."""
    with ledger.write() as connection:
        connection.execute(insert(ledger_metadata).values(name=f"note:{name}", value="x"))
        if then:
            raise then
    return name


def noted(ledger: Ledger, name: str) -> bool:
    with ledger.read() as connection:
        return connection.scalar(select(ledger_metadata.c.value).where(ledger_metadata.c.name == f"note:{name}")) is not None


async def run_together(ledger: Ledger, *calls: tuple[Any, ...]) -> list[Any]:
    """The outcomes of concurrent calls that wait while another call blocks the writer's thread."""
    writer, gate = LedgerWriter(ledger), threading.Event()
    held = asyncio.create_task(writer.run(lambda _: gate.wait(120)))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(writer.run(*call)) for call in calls]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(held, *waiting, return_exceptions=True)
    writer.close()
    return outcomes[1:]


def test_every_call_gets_its_own_result_in_order(ledger: Ledger) -> None:
    seen: list[str] = []

    def note_in_order(opened: Ledger, name: str) -> str:
        seen.append(name)
        return note(opened, name)

    assert asyncio.run(run_together(ledger, *((note_in_order, name) for name in "abcde"))) == list("abcde")
    assert seen == list("abcde")
    assert [noted(ledger, name) for name in "abcde"] == [True] * 5


def test_failed_call_rolls_back_only_its_own_writes(ledger: Ledger) -> None:
    broken = ValueError("no")
    assert asyncio.run(run_together(ledger, (note, "a"), (note, "b", broken), (note, "c"))) == ["a", broken, "c"]
    assert [noted(ledger, name) for name in "abc"] == [True, False, True]


def test_call_reads_the_writes_of_an_earlier_call(ledger: Ledger) -> None:
    assert asyncio.run(run_together(ledger, (note, "a"), (noted, "a"))) == ["a", True]


def test_waiting_calls_share_one_commit_on_sqlite(ledger: Ledger) -> None:
    commits: list[object] = []
    event.listen(ledger.engine, "commit", commits.append)
    asyncio.run(run_together(ledger, *((note, name) for name in "abcd")))
    assert len(commits) == (1 if ledger.is_sqlite else 4)


def test_every_call_fails_when_the_commit_fails(ledger: Ledger) -> None:
    def refuse(_: object) -> None:
        raise OSError("the disk is full")

    event.listen(ledger.engine, "commit", refuse)
    outcomes = asyncio.run(run_together(ledger, (note, "a"), (note, "b")))
    event.remove(ledger.engine, "commit", refuse)
    assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
    assert [noted(ledger, name) for name in "ab"] == [False, False]


def test_write_outside_a_shared_transaction_commits_itself(ledger: Ledger) -> None:
    with ledger.together():
        note(ledger, "a")
    note(ledger, "b")
    assert [noted(ledger, name) for name in "ab"] == [True, True]


def test_all_calls_run_in_one_worker_thread(ledger: Ledger) -> None:
    calls = [(lambda _opened: threading.get_ident(),)] * 5
    threads = asyncio.run(run_together(ledger, *calls))
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


def test_writers_do_not_wait_for_each_other(ledger: Ledger) -> None:
    """Each writer has its own thread: a sender that waits for its disk blocks no other."""
    met = threading.Barrier(3)

    async def both() -> None:
        writers = [LedgerWriter(ledger) for _ in range(3)]
        await asyncio.gather(*(writer.run(lambda _opened: met.wait(120)) for writer in writers))
        for writer in writers:
            writer.close()

    asyncio.run(both())
