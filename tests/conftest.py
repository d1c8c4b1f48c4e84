"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import Secrets, load_secrets
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.warehouse import connection
from operations import launcher
from operations.settings import Installation, service_environment
from tests.current_stores import copying, current_schema, make_current_stores
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.open_warehouses import OpenWarehouses
from tests.postgres import installed, running_postgres
from tests.running_simulator import RunningSimulator
from tests.shares import Shares, turn_of
from tests.small_shop import build_small_shop

hypothesis.settings.register_profile("tradewind", deadline=None)  # A loaded machine must not fail a test.
hypothesis.settings.load_profile("tradewind")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    return Shares(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that take longest come first."""
    items.sort(key=lambda item: turn_of(item.nodeid))


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataPaths:
    """An empty data folder, also named by `$TRADEWIND_DATA`, with no connection from outside."""
    root = tmp_path / "data"
    root.mkdir()
    monkeypatch.setenv("TRADEWIND_DATA", str(root))
    for name in ("SENDGRID_DEFAULT", "SUBSCRIBERS_SOURCE", "LEDGER_DEFAULT"):
        monkeypatch.delenv(f"AIRFLOW_CONN_{name}", raising=False)
    return DataPaths(root)


@pytest.fixture
def secrets(paths: DataPaths) -> Secrets:
    """Fresh keys in the data folder."""
    return load_secrets(paths)


@pytest.fixture(scope="session")
def current_stores(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    """An empty warehouse and an empty SQLite ledger of the current schema, to be copied."""
    return make_current_stores(tmp_path_factory.mktemp("current"))


@pytest.fixture(autouse=True)
def new_warehouses_are_copies(current_stores: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warehouse is new as a copy of one that the migrations made: they take longer than most tests."""
    monkeypatch.setattr(connection, "_connect", copying(current_stores.warehouse, connection._connect))


@pytest.fixture
def open_warehouses(tmp_path: Path, new_warehouses_are_copies: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A warehouse in the folder of the test stays open until its end. For folders whose tests open theirs many times.

    A module there whose tests open the file in another process, attach it or read its bytes replaces this fixture.
    """
    kept = OpenWarehouses(tmp_path)
    monkeypatch.setattr(connection, "_connect", kept.connecting(connection._connect))
    yield
    kept.close()


@pytest.fixture
def sqlite_ledger(paths: DataPaths, current_stores: DataPaths) -> str:
    """The URL of the SQLite ledger in the data folder: an empty one, which opens with any key, unless it has one."""
    paths.ledger.parent.mkdir(exist_ok=True)
    if not paths.ledger.exists():
        shutil.copy(current_stores.ledger, paths.ledger)
    return ledger_url(paths)


@pytest.fixture
def ledger(sqlite_ledger: str, secrets: Secrets) -> Iterator[Ledger]:
    """An empty SQLite ledger in the data folder."""
    opened = open_ledger(sqlite_ledger, secrets)
    yield opened
    opened.close()


@pytest.fixture
def stores(paths: DataPaths, ledger: Ledger, secrets: Secrets) -> Stores:
    """The data folder, the ledger and the keys, as tasks get them."""
    return Stores(paths, ledger, secrets)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def each_ledger(request: pytest.FixtureRequest, paths: DataPaths, secrets: Secrets) -> Iterator[Ledger]:
    """An empty ledger, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url = request.getfixturevalue("sqlite_ledger")
    else:
        url = ledger_url(paths, current_schema(request.getfixturevalue("postgres_url")))
    opened = open_ledger(url, secrets)
    yield opened
    opened.close()


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in another time zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server of its own for this session: its URL, `postgresql://postgres@127.0.0.1:PORT/postgres`.

    Tests that use it carry the marker `postgres`, and make a schema or database of their own in it. Where
    `TRADEWIND_TEST_POSTGRES` names a server that runs already, it is that one: `make mutations` has many short sessions.
    """
    if running := os.environ.get("TRADEWIND_TEST_POSTGRES"):
        yield running
        return
    if not installed():
        pytest.skip("PostgreSQL's initdb is not on this machine")
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow home with a migrated database, to be copied."""
    root = tmp_path_factory.mktemp("migrated")
    place = Installation(DataPaths(root), 1, 2, 3, 4)
    place.paths.services.mkdir()
    environment = {name: value for name, value in service_environment(place).items() if "DATABASE" not in name}
    environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{place.airflow_home / 'airflow.db'}"
    launcher.migrate(place, environment, lambda said: None)
    return place.airflow_home


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a small demo shop, to be copied."""
    return build_small_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def esp() -> Iterator[ScriptedEsp]:
    """A server that accepts every mail/send until a test sets its `answer`."""
    server = ScriptedEsp()
    yield server
    server.stop()


@pytest.fixture
def start_simulator(tmp_path: Path) -> Iterator[Callable[..., RunningSimulator]]:
    """Starts simulators with options of the command line: `start_simulator(webhook=url, speed=30)`. Stopped at the end."""
    started: list[RunningSimulator] = []

    def start(**options: Any) -> RunningSimulator:
        started.append(RunningSimulator(tmp_path / f"simulator-{len(started)}", **options))
        return started[-1]

    yield start
    for simulator in started:
        simulator.stop()


@pytest.fixture
def simulator(start_simulator: Callable[..., RunningSimulator]) -> RunningSimulator:
    """A simulator without webhook and recipients: it accepts, rejects and records mail."""
    return start_simulator(no_recipients=True)
