"""Every fault once; `make faults` plays them with many seeds, on both ledgers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.faults.bench import Bench
from tests.faults.catalogue import BOTH, Fault, play
from tests.faults.every import faults

OF_THE_LEDGER = (1, 5, 6, 7)
"""Lines of faults that depend on what the ledger is; the others are played on PostgreSQL by `make faults`. So are 8 and 9,
which take ten seconds and more each: tests/dispatch has the same on both ledgers."""
ON_POSTGRES = [fault for fault in faults() if fault.line in OF_THE_LEDGER and fault.ledgers == BOTH]


@pytest.fixture(scope="session")
def sqlite_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("faults"))
    yield bench
    bench.stop()
    shutil.rmtree(bench.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_bench(sqlite_bench: Bench, postgres_url: str) -> Bench:
    sqlite_bench.postgres = postgres_url
    return sqlite_bench


def named(fault: Fault) -> str:
    return f"{fault.line} {fault.name}"


@pytest.mark.parametrize("fault", faults(), ids=named)
def test_fault(sqlite_bench: Bench, fault: Fault) -> None:
    assert play(sqlite_bench, fault, 1, "sqlite").problems == []


@pytest.mark.postgres
@pytest.mark.parametrize("fault", ON_POSTGRES, ids=named)
def test_fault_on_postgres(postgres_bench: Bench, fault: Fault) -> None:
    assert play(postgres_bench, fault, 2, "postgres").problems == []


def test_the_checks_can_fail(sqlite_bench: Bench) -> None:
    """A ledger that forgot without a journal that remembers: the product sends twice, and the checks say so."""
    from sqlalchemy import update

    from include.ledger.tables import chunks, plans
    from tests.faults.checks import Allowed
    from tests.faults.world import World

    def cheat(world: World) -> Allowed:
        world.finish()
        (world.folder / "intents.log").unlink()
        with world.ledger.write() as connection:
            connection.execute(update(chunks).where(chunks.c.chunk == 0).values(state="pending", fence=0))
            connection.execute(update(chunks).where(chunks.c.chunk == 1).values(state="skipped"))
            connection.execute(update(plans).values(state="sending"))
        world.finish("send")
        return Allowed()

    found = play(sqlite_bench, Fault(0, "cheat", cheat, ("sqlite",), 60, 10, True, True), 1, "sqlite")
    assert found.duplicates > 0
    assert found.omissions > 0
    assert len(found.problems) >= 2
