"""The ground truth reaches back by messages, not by runs: in a demo most runs are journeys that mail one person."""

from __future__ import annotations

import sqlite3

from simulator.control.truth import MESSAGES, NEWEST


def test_many_small_runs_do_not_displace_a_large_one() -> None:
    runs = [(number, 1, b"{}") for number in range(1_000, 2_000)]
    assert _newest([(1, 900, b"{}"), *runs]) == [*range(1_999, 999, -1), 1]


def test_it_ends_with_the_run_that_reaches_the_limit() -> None:
    """The newest run is always in it, and a run that has not started has no truth."""
    assert _newest([(1, 5, b"{}"), (2, MESSAGES, b"{}"), (3, 1, None), (4, 1, b"{}")]) == [4, 2]
    assert _newest([(1, 5, b"{}"), (2, MESSAGES + 1, b"{}")]) == [2]


def _newest(runs: list[tuple[int, int, bytes | None]]) -> list[int]:
    database = sqlite3.connect(":memory:")
    database.execute("create table runs (id integer primary key, people integer, conditions blob)")
    database.executemany("insert into runs values (?, ?, ?)", runs)
    return [row[0] for row in database.execute(NEWEST, (MESSAGES,))]
