"""Plays every fault once; `make faults` plays them with many seeds on both ledgers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.faults.all_faults import all_faults
from tests.faults.catalogue import BOTH, Fault, play
from tests.faults.resources import Resources

OF_THE_LEDGER = (1, 5, 6, 7)
"""Lines whose faults depend on the kind of ledger. `make faults` plays the others on PostgreSQL too; among them 8 and 9,
which take over ten seconds each, and which tests/dispatch covers on both ledgers."""
ON_POSTGRES = [fault for fault in all_faults() if fault.line in OF_THE_LEDGER and fault.ledgers == BOTH]


@pytest.fixture(scope="session")
def sqlite_resources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resources]:
    resources = Resources(tmp_path_factory.mktemp("faults"))
    yield resources
    resources.stop()
    shutil.rmtree(resources.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_resources(sqlite_resources: Resources, postgres_url: str) -> Resources:
    sqlite_resources.postgres = postgres_url
    return sqlite_resources


def fault_id(fault: Fault) -> str:
    return f"{fault.line} {fault.name}"


@pytest.mark.parametrize("fault", all_faults(), ids=fault_id)
def test_fault_keeps_the_guarantees(sqlite_resources: Resources, fault: Fault) -> None:
    assert play(sqlite_resources, fault, 1, "sqlite").problems == []


@pytest.mark.postgres
@pytest.mark.parametrize("fault", ON_POSTGRES, ids=fault_id)
def test_fault_keeps_the_guarantees_on_postgres(postgres_resources: Resources, fault: Fault) -> None:
    assert play(postgres_resources, fault, 2, "postgres").problems == []


def test_checks_detect_duplicates_and_omissions(sqlite_resources: Resources) -> None:
    """The ledger loses requests and the journal is deleted: the product sends twice, and the checks report it."""
    from sqlalchemy import update

    from include.ledger.tables import chunks, plans
    from tests.faults.checks import Allowed
    from tests.faults.scenario import Scenario

    def lose_requests(scenario: Scenario) -> Allowed:
        scenario.finish()
        (scenario.folder / "intents.log").unlink()
        with scenario.ledger.write() as connection:
            connection.execute(update(chunks).where(chunks.c.chunk == 0).values(state="pending", fence=0))
            connection.execute(update(chunks).where(chunks.c.chunk == 1).values(state="skipped"))
            connection.execute(update(plans).values(state="sending"))
        scenario.finish("send")
        return Allowed()

    found = play(
        sqlite_resources, Fault(0, "requests are lost", lose_requests, ("sqlite",), 60, 10, True, True), 1, "sqlite"
    )
    assert found.duplicates > 0
    assert found.omissions > 0
    assert len(found.problems) >= 2
