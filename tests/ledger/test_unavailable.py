"""Errors of the ledger's database: an outage is retryable, a wrong configuration is not."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError

from include.core.connections import ledger_url
from include.core.errors import ConfigurationError, LedgerUnavailable, TradewindError
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.dispatch.account.settle import settle
from include.dispatch.send import chunk_sender, outcome
from include.dispatch.send.request import Request
from include.dispatch.send.sender import send_range
from include.ledger import chunks, counts, database
from include.ledger.database import Ledger, open_ledger
from include.ledger.database_errors import translated
from include.ledger.stores import Stores
from include.ledger.tables import ledger_metadata, plans
from include.sendgrid.response_class import ResponseClass
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import Reply, ScriptedEsp, accepted
from tests.ports import free_port
from tests.postgres import Server, installed, running_server

PASSWORD = "quite-secret"
URL = make_url(f"postgresql+psycopg://tradewind:{PASSWORD}@db.example/ledger")


@pytest.fixture
def server() -> Iterator[Server]:
    if not installed():
        pytest.skip("PostgreSQL's initdb is not on this machine")
    with running_server() as running:
        yield running


def psycopg_error(kind: type[psycopg.Error], message: str = "") -> DBAPIError:
    wrapper: type[DBAPIError] = ProgrammingError
    if issubclass(kind, psycopg.OperationalError):
        wrapper = OperationalError
    elif issubclass(kind, psycopg.InterfaceError):
        wrapper = InterfaceError
    return wrapper("select 1", {"address": "anna@example.com"}, kind(message), hide_parameters=True)


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        (psycopg.OperationalError, "connection refused", LedgerUnavailable),
        (psycopg.OperationalError, "server closed the connection unexpectedly", LedgerUnavailable),
        (psycopg.errors.ConnectionTimeout, "connection timeout expired", LedgerUnavailable),
        (psycopg.errors.AdminShutdown, "terminating connection", LedgerUnavailable),
        (psycopg.errors.CannotConnectNow, "the database system is starting up", LedgerUnavailable),
        (psycopg.errors.TooManyConnections, "sorry, too many clients already", LedgerUnavailable),
        (psycopg.errors.ConnectionFailure, "", LedgerUnavailable),
        (psycopg.InterfaceError, "the connection is closed", LedgerUnavailable),
        (psycopg.OperationalError, "failed to resolve host 'db.example'", LedgerUnavailable),
        (psycopg.OperationalError, 'FATAL:  password authentication failed for user "tradewind"', ConfigurationError),
        (psycopg.OperationalError, 'FATAL:  database "ledger" does not exist', ConfigurationError),
        (psycopg.OperationalError, "FATAL:  no pg_hba.conf entry for host", ConfigurationError),
        (psycopg.errors.InvalidPassword, "", ConfigurationError),
        (psycopg.errors.InvalidCatalogName, "", ConfigurationError),
        (psycopg.errors.DiskFull, "could not extend file: No space left on device", None),
        (psycopg.errors.QueryCanceled, "", None),
        (psycopg.errors.UndefinedTable, "", None),
        (psycopg.ProgrammingError, "cannot adapt type", None),
    ],
)
def test_database_error_is_translated(
    kind: type[psycopg.Error], message: str, expected: type[TradewindError] | None
) -> None:
    found = translated(psycopg_error(kind, message), URL)
    assert type(found) is (expected or type(None))
    if found:
        assert PASSWORD not in str(found)
        assert "anna@example.com" not in str(found)
        assert "db.example/ledger" in str(found)
        assert ("host name that does not resolve now" in str(found)) is ("resolve" in message)
        assert ("check the name" in str(found)) is ("resolve" in message)


@pytest.mark.parametrize(
    ("message", "expected"), [("database is locked", LedgerUnavailable), ("disk I/O error", type(None))]
)
def test_locked_sqlite_file_is_retryable(message: str, expected: type) -> None:
    error = OperationalError("select 1", {}, sqlite3.OperationalError(message))
    assert type(translated(error, make_url("sqlite:////data/ledger.sqlite"))) is expected


def test_locked_sqlite_file_is_reported(paths: DataPaths, secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    ledger = open_ledger(ledger_url(paths), secrets)
    other = sqlite3.connect(str(ledger.engine.url.database), isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(LedgerUnavailable, match="the ledger is locked by another process") as held, ledger.write():
        pass
    assert "connection ledger_default, sqlite:" in str(held.value)
    assert "Check that the database is running. Find the process that holds it." in str(held.value)
    other.close()
    ledger.close()


def test_full_disk_is_not_a_configuration_error(paths: DataPaths, secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_ledger: Ledger, _fingerprint: str) -> None:
        raise OperationalError("create table", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(database, "_upgrade", full)
    with pytest.raises(OperationalError, match="disk is full"):
        open_ledger(ledger_url(paths), secrets)


def test_constraint_violation_is_not_translated(each_ledger: Ledger) -> None:
    with pytest.raises(IntegrityError) as broken, each_ledger.write() as connection:
        connection.execute(ledger_metadata.insert().values(name="address_key", value="anna@example.com"))
    assert "anna@example.com" not in str(broken.value)


def test_closed_port_is_retryable(secrets: Secrets) -> None:
    with pytest.raises(LedgerUnavailable) as error:
        open_ledger(f"postgresql+psycopg://tradewind:{PASSWORD}@127.0.0.1:{free_port()}/ledger", secrets)
    assert error.value.retryable
    assert PASSWORD not in str(error.value)


@pytest.mark.postgres
def test_missing_database_is_a_configuration_error(secrets: Secrets, postgres_url: str) -> None:
    url = postgres_url.replace("postgresql://", "postgresql+psycopg://").rpartition("/")[0]
    with pytest.raises(ConfigurationError, match="database's name"):
        open_ledger(f"{url}/nowhere", secrets)


def test_unwritable_folder_is_a_configuration_error(tmp_path: Path, secrets: Secrets) -> None:
    (tmp_path / "ledger").mkdir()
    with pytest.raises(ConfigurationError, match="does not open"):
        open_ledger(f"sqlite:///{tmp_path}/ledger", secrets)


def test_connect_timeout_is_ten_seconds_by_default(monkeypatch: pytest.MonkeyPatch, secrets: Secrets) -> None:
    asked: list[dict[str, int]] = []

    def engine(url: object, **options: object) -> object:
        asked.append(options["connect_args"])  # type: ignore[arg-type]
        raise ZeroDivisionError

    monkeypatch.setattr(database, "create_engine", engine)
    for url in (
        "postgresql+psycopg://db.example/ledger",
        "postgresql+psycopg://db.example/l?connect_timeout=3",
        "sqlite://",
    ):
        with pytest.raises(ZeroDivisionError):
            open_ledger(url, secrets)
    assert asked == [{"connect_timeout": 10}, {}, {}]


@pytest.mark.postgres
def test_database_restart_during_a_send_loses_nothing(
    server: Server, paths: DataPaths, secrets: Secrets, esp: ScriptedEsp, caplog: pytest.LogCaptureFixture
) -> None:
    """The server stops during a request and restarts a moment later: the outcome is recorded, the rest is sent."""
    url = ledger_url(paths, server.url)
    ledger = open_ledger(url, secrets)
    plan_id = frozen_plan(Stores(paths, ledger, secrets), 40, chunk_size=10)
    restarting: list[threading.Thread] = []

    def answer(number: int, _body: object) -> Reply:
        if number == 1:
            server.stop()
            restarting.append(threading.Timer(1.0, server.start))
            restarting[0].start()
        return accepted()

    esp.answer = answer
    for _ in range(30):
        try:
            send_range(Stores(paths, ledger, secrets), esp.account, plan_id=plan_id, first=0, last=9)
            break
        except LedgerUnavailable:
            time.sleep(0.2)
    restarting[0].join()
    settled = settle(ledger, plan_id)
    ledger.close()
    assert set(esp.taken.values()) == {1}
    assert settled["accepted"] == len(esp.taken)
    assert (settled["in_doubt"], settled["accepted"]) == (0, 40)
    assert "waits to write its outcome" in caplog.text


@pytest.mark.postgres
def test_long_database_outage_ends_the_task_with_a_retryable_error(
    server: Server, paths: DataPaths, secrets: Secrets, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease expires before the ledger is back: open requests are in doubt, nobody is lost or mailed twice."""
    monkeypatch.setattr(chunks, "LEASE_SECONDS", 95.0)
    monkeypatch.setattr(chunk_sender, "LEDGER_PAUSE_SECONDS", 94.0)
    ledger = open_ledger(ledger_url(paths, server.url), secrets)
    plan_id = frozen_plan(Stores(paths, ledger, secrets), 40, chunk_size=10)

    def answer(number: int, _body: object) -> Reply:
        if number == 1:
            server.stop()
            time.sleep(1.2)
        return accepted()

    esp.answer = answer
    with pytest.raises(LedgerUnavailable) as error:
        send_range(Stores(paths, ledger, secrets), esp.account, plan_id=plan_id, first=0, last=9)
    assert error.value.retryable
    assert ":" in str(error.value)
    with pytest.raises(LedgerUnavailable):
        open_ledger(ledger_url(paths, server.url), secrets)
    server.start()
    with ledger.write() as connection:
        connection.execute(text("update chunks set lease_until = 1 where state = 'sending'"))
    esp.answer = lambda _number, _body: accepted()
    send_range(Stores(paths, ledger, secrets), esp.account, plan_id=plan_id, first=0, last=9)
    with ledger.read() as connection:
        people = counts.require_conservation(connection, plan_id)
        assert connection.scalar(select(plans.c.plan_id)) == plan_id
    ledger.close()
    assert set(esp.taken.values()) == {1}
    assert people.accepted + people.in_doubt == 40
    assert 0 < people.in_doubt <= 40


@pytest.mark.postgres
def test_outcome_with_an_unconfirmed_commit_is_retried(
    stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome is in the ledger; the second try loses the fence, and the task is retried instead of failing."""
    plan_id = frozen_plan(stores, 20, chunk_size=10)
    lost: list[dict[str, int]] = []

    def record(ledger: Ledger, request: Request, response: ResponseClass, wait: float) -> dict[str, int]:
        done = outcome.record(ledger, request, response, wait)
        if not lost:
            lost.append(done)
            raise LedgerUnavailable("gone")
        return done

    monkeypatch.setattr(chunk_sender, "record", record)
    monkeypatch.setattr(chunk_sender, "LEDGER_PAUSE_SECONDS", 0.01)
    with pytest.raises(LedgerUnavailable, match="gone"):
        send_range(stores, esp.account, plan_id=plan_id, first=0, last=9)
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=9)
    with stores.ledger.read() as connection:
        assert counts.tally(connection, plan_id).accepted == 20
    assert set(esp.taken.values()) == {1}
