"""The grants in docs/security/ suffice for the work on a real PostgreSQL, and forbid everything else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

from include.core.connections import ledger_url
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import Secrets
from include.dispatch.account.settle import settle
from include.extract.land import land
from include.ledger import suppressions
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from tests import rows
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.sending import Sending

pytestmark = pytest.mark.postgres
GRANTS = PROJECT / "docs" / "security"


def apply(url: str, file: str, role: str, schema: str, *without: str) -> str:
    """Apply a file to a schema, as its comments say; returns the URL of the role. Lines with `without` are left out."""
    text = (GRANTS / file).read_text()
    (named,) = (word for word in ("shop", "ledger") if f" schema {word} " in text)
    text = text.replace(f"{named}.", f"{schema}.").replace(f"schema {named}", f"schema {schema}")
    lines = [line for line in text.splitlines() if not any(name in line for name in without)]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("\n".join(lines).encode())
    return f"{url.replace('postgres@', f'{role}@')}?options=-csearch_path%3D{schema}"


@pytest.fixture
def schema(postgres_url: str) -> Iterator[str]:
    """A fresh schema; the roles are dropped at the end, since they belong to the server."""
    name = f"s{uuid.uuid4().hex}"
    yield name
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for role in ("tradewind_source", "tradewind_ledger"):
            if connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
                connection.execute(f"drop owned by {role}".encode())
                connection.execute(f"drop role {role}".encode())


def refused(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection, pytest.raises((InsufficientPrivilege, ReadOnlySqlTransaction)):
        connection.execute(statement.encode())


def test_the_source_account_reads_the_contract_and_nothing_else(paths: DataPaths, postgres_url: str, schema: str) -> None:
    rows.postgres_source(postgres_url, schema, subscribers=[rows.subscriber(1), rows.subscriber(2)])
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(f"create table {schema}.cards as select 1 as number".encode())
    url = apply(postgres_url, "source-grants.sql", "tradewind_source", schema, "purchases", "activities")
    assert land(paths, url, "subscribers", run="r", since=None)["rows"] == 2
    writable = "set transaction read write; "
    for statement in (
        "select * from cards", f"{writable}delete from subscribers", f"{writable}update subscribers set email = 'x'",
        f"{writable}insert into subscribers select * from subscribers", f"{writable}create table mine (n int)",
        f"{writable}drop table subscribers", "copy subscribers to '/tmp/out'", "select pg_read_file('/etc/passwd')",
    ):  # fmt: skip
        refused(url, statement)


def test_the_ledger_account_sends_and_cannot_change_the_schema(
    paths: DataPaths, secrets: Secrets, postgres_url: str, schema: str, esp: ScriptedEsp
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(f"create schema {schema}".encode())
    open_ledger(ledger_url(paths, f"{postgres_url}?options=-csearch_path%3D{schema}"), secrets).close()
    url = apply(postgres_url, "ledger-grants.sql", "tradewind_ledger", schema)
    ledger = open_ledger(ledger_url(paths, url), secrets)
    sending = Sending(Stores(paths, ledger, secrets), people=20)
    suppressions.suppress(ledger, [suppressions.Suppression("a" * 64, "unsubscribe", "edge", 1.0)])
    assert sending.send(esp)["accepted"] == 20
    assert settle(ledger, sending.plan_id)["accepted"] == 20
    ledger.close()
    for statement in (
        "create table mine (n int)", "drop table plans", "truncate consent_log", "alter table plans add column x int",
        "update ledger_version set version_num = 'x'", "create schema mine", "select pg_read_file('/etc/passwd')",
    ):  # fmt: skip
        refused(url, statement)
