"""Which commits wait for the disk, read from the settings of the writing connection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, event

from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.ledger import chunks
from include.ledger.chunks import Claim, Outcome
from include.ledger.database import Ledger, open_ledger
from include.ledger.writer import LedgerWriter
from tests.ledger.plan import PLAN, chunk_of, claim, freeze, row
from tests.postgres import fresh_schema

WAITS = {"sqlite": 2, "postgresql": "on"}
"""SQLite's `synchronous`: 2 is FULL, fsync with every commit; 1 is NORMAL, which in WAL mode may lose the last of them."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger(request: pytest.FixtureRequest, paths: DataPaths, secrets: Secrets) -> Iterator[Ledger]:
    """A ledger with production settings: unlike the other tests' PostgreSQL, this one waits for its disk."""
    url = ledger_url(paths)
    if request.param == "postgresql":
        schema = fresh_schema(request.getfixturevalue("postgres_url"))
        url = ledger_url(paths, f"{schema}%20-csynchronous_commit%3Don")
    opened = open_ledger(url, secrets)
    yield opened
    opened.close()


def waits(connection: Connection) -> bool:
    """Whether the transaction's commit returns only after the disk has it."""
    name = connection.dialect.name
    query = "pragma synchronous" if name == "sqlite" else "show synchronous_commit"
    return connection.exec_driver_sql(query).scalar() == WAITS[name]


def test_intent_waits_for_the_disk_after_an_outcome(ledger: Ledger) -> None:
    freeze(ledger, (10, 10, 10))
    seen: list[bool] = []

    def record_wait(connection: Connection) -> list[Outcome]:
        seen.append(waits(connection))
        return []

    for chunk in range(3):
        taken = chunks.claim(ledger, chunk_of(ledger, chunk), record_wait)
        assert taken is not None
        chunks.accept(ledger, taken, 202, "m")
    assert seen == [True] * 3


def test_intent_waits_for_the_disk_when_it_shares_a_commit_with_outcomes(ledger: Ledger) -> None:
    freeze(ledger, (10, 10))
    before, seen = claim(ledger, 0), list[bool]()

    def record_wait(connection: Connection) -> list[Outcome]:
        seen.append(waits(connection))
        return []

    def take(opened: Ledger) -> Claim | None:
        return chunks.claim(opened, chunk_of(opened, 1), record_wait)

    async def together() -> None:
        writer = LedgerWriter(ledger)
        held = writer.run(chunks.open_intents, PLAN)
        await asyncio.gather(held, writer.run(chunks.accept, before, 202, "m"), writer.run(take))
        writer.close()

    asyncio.run(together())
    assert seen == [True]
    assert (row(ledger, 0)["state"], row(ledger, 1)["state"]) == ("accepted", "sending")


def test_outcome_does_not_wait_for_the_disk(ledger: Ledger) -> None:
    freeze(ledger)
    taken, seen = claim(ledger), list[bool]()

    def record_wait(connection: Connection) -> None:
        seen.append(waits(connection))

    event.listen(ledger.engine, "commit", record_wait)
    chunks.accept(ledger, taken, 202, "m")
    event.remove(ledger.engine, "commit", record_wait)
    assert seen == [False]


def test_write_waits_for_the_disk_by_default(ledger: Ledger) -> None:
    for waiting in (True, False, True):
        with ledger.write(wait_for_disk=waiting) as connection:
            assert waits(connection) is waiting
    with ledger.write() as connection:
        assert waits(connection)
