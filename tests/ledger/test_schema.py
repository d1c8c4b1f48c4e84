"""Opening a ledger upgrades it to the current schema from any earlier version; a newer ledger is refused."""

from __future__ import annotations

import importlib
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, text

from include.core.connections import ledger_url
from include.core.errors import ConfigurationError, may_retry
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import Secrets
from include.ledger import consent, consent_chain, schema
from include.ledger.consent import Consent
from include.ledger.consent_chain import ChainCheck, Head
from include.ledger.database import Ledger, open_ledger
from include.ledger.tables import consent_log, ledger_metadata, metadata
from tests.ledger import first_edition
from tests.postgres import fresh_schema

baseline = importlib.import_module("include.ledger.migrations.versions.0001_baseline")
VERSION = text("select version_num from ledger_version")
SUPPRESSION = {"address_key": "a", "action": "suppress", "reason": "unsubscribe", "source": "edge"}
LATER = f"""
import sqlalchemy as sa
from alembic import op
revision = "9999_later"
down_revision = "{schema.HEAD}"

def upgrade():
    op.create_table("later", sa.Column("name", sa.Text))
    op.add_column("plans", sa.Column("later", sa.Text))
"""
HEAD = schema.HEAD
OPENER = """
import sys
from pathlib import Path
from alembic import command
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger.database import open_ledger
secrets = load_secrets(DataPaths(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
open_ledger(sys.argv[2], secrets).close()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, paths: DataPaths) -> Iterator[Engine]:
    """An empty database without a ledger."""
    paths.ledger.parent.mkdir(parents=True, exist_ok=True)
    where = fresh_schema(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    made = create_engine(ledger_url(paths, where))
    yield made
    made.dispose()


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def opened(engine: Engine, secrets: Secrets) -> None:
    open_ledger(url_of(engine), secrets).close()


def create_first_version(connection: Connection) -> None:
    first_edition.metadata.create_all(connection)
    connection.execute(first_edition.identity.insert().values(name="note", value="kept"))
    connection.execute(first_edition.suppression_log.insert().values(**SUPPRESSION, happened_at=1.0, recorded_at=2.0))


def create_unversioned(connection: Connection) -> None:
    baseline.TABLES.create_all(connection)
    connection.execute(
        insert(baseline.identity).values([{"name": "schema", "value": "2"}, {"name": "note", "value": "kept"}])
    )


def constraints(connection: Connection) -> dict[str, Any]:
    """The constraints, which Alembic does not compare."""
    found = inspect(connection)
    return {
        name: (
            sorted((str(check["name"]), check["sqltext"]) for check in found.get_check_constraints(name)),
            found.get_pk_constraint(name)["constrained_columns"],
        )
        for name in metadata.tables
    }


def expected_constraints(engine: Engine, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The constraints of a database created from `tables.py`."""
    url = "sqlite://" if engine.dialect.name == "sqlite" else None
    url = url or fresh_schema(request.getfixturevalue("postgres_url")).replace("postgresql://", "postgresql+psycopg://")
    made = create_engine(url)
    with made.begin() as connection:
        metadata.create_all(connection)
        return constraints(connection)


@pytest.mark.parametrize("edition", [None, create_first_version, create_unversioned])
def test_migrations_produce_the_declared_schema(
    engine: Engine, secrets: Secrets, edition: Any, request: pytest.FixtureRequest
) -> None:
    with engine.begin() as connection:
        if edition:
            edition(connection)
    opened(engine, secrets)
    with engine.connect() as connection:
        compared = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(compared, metadata) == []
        assert constraints(connection) == expected_constraints(engine, request)
        assert connection.scalars(VERSION).all() == [schema.HEAD]
        names = connection.scalars(select(ledger_metadata.c.name).order_by(ledger_metadata.c.name)).all()
        assert names == (["address_key", "note"] if edition else ["address_key"])
        if edition is create_first_version:
            assert connection.scalars(text("select address_key from suppression_log")).all() == ["a"]


@pytest.mark.parametrize("edition", [first_edition, baseline])
def test_consent_of_an_older_ledger_is_kept_and_chained(engine: Engine, secrets: Secrets, edition: Any) -> None:
    answer = {"topic": "news", "given": 1, "source": "form", "happened_at": 1.25}
    old = [answer | {"seq": seq, "address_key": f"person {seq}"} for seq in (1, 2, 4)]  # PostgreSQL leaves gaps.
    with engine.begin() as connection:
        (edition.metadata if edition is first_edition else edition.TABLES).create_all(connection)
        connection.execute(insert(edition.consent_log), old)
    ledger = open_ledger(url_of(engine), secrets)
    consent.record(ledger, [Consent("person 5", "news", False, "form", 2.0)])
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(select(consent_log).order_by(consent_log.c.seq)).mappings()]
        assert consent_chain.check(connection, ledger.chain_key) == ChainCheck(4, Head(5, rows[-1]["row_hash"]), None)
    ledger.close()
    assert [{name: row[name] for name in answer | {"seq": 0, "address_key": ""}} for row in rows[:3]] == old


def test_newer_ledger_is_refused_and_not_changed(each_ledger: Ledger, secrets: Secrets) -> None:
    with each_ledger.write() as connection:
        connection.execute(text("update ledger_version set version_num = '0099_of_tomorrow'"))
        connection.execute(text("drop table withheld"))  # An upgrade would create it again.
    with pytest.raises(ConfigurationError) as refused:
        opened(each_ledger.engine, secrets)
    assert "0099_of_tomorrow" in refused.value.what
    assert schema.HEAD in refused.value.what
    assert each_ledger.engine.url.render_as_string() in refused.value.where
    assert "Upgrade the code" in refused.value.remedy
    assert may_retry(refused.value), "a later try may run on an upgraded host"
    assert (refused.value.retry_after or 0) >= 60, "it takes a while to upgrade one"
    with each_ledger.read() as connection:
        assert connection.scalars(VERSION).all() == ["0099_of_tomorrow"]
        assert not inspect(connection).has_table("withheld")


def test_concurrent_processes_upgrade_the_ledger_once(engine: Engine, paths: DataPaths, secrets: Secrets) -> None:
    with engine.begin() as connection:
        create_first_version(connection)
    command = [sys.executable, "-c", OPENER, str(paths.root), url_of(engine)]
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, cwd=PROJECT, **options) for _ in range(4)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=800)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], errors
    with engine.connect() as connection:
        assert connection.scalars(VERSION).all() == [schema.HEAD]
        assert connection.scalars(text("select address_key from suppression_log")).all() == ["a"]


def test_a_ledger_without_wal_that_another_process_writes_is_waited_for(paths: DataPaths, secrets: Secrets) -> None:
    paths.ledger.parent.mkdir(parents=True)
    writer = sqlite3.connect(paths.ledger, isolation_level=None, check_same_thread=False)
    writer.execute("create table other (name text)")
    writer.execute("begin immediate")  # Where SQLite refuses to switch to WAL without waiting.
    writer.execute("insert into other values ('kept')")
    end = threading.Timer(0.5, writer.execute, ["commit"])
    end.start()
    open_ledger(ledger_url(paths, None), secrets).close()
    end.join()
    assert writer.execute("select name from other").fetchall() == [("kept",)]
    assert writer.execute("pragma journal_mode").fetchall() == [("wal",)]
    writer.close()


def test_current_ledger_is_opened_with_one_version_query(each_ledger: Ledger, secrets: Secrets) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        opened(each_ledger.engine, secrets)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    ours = [one for one in asked if "pg_catalog" not in one and not one.startswith(("show", "set local"))]
    assert ours[0] == "SELECT version_num FROM ledger_version"
    assert len(ours) == 2, ours
    assert "ledger_metadata" in ours[1]


def test_migrations_are_linear_and_listed() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [script.revision for script in reversed(scripts)] == list(schema.KNOWN)
    assert all(len(name) <= 32 for name in schema.KNOWN)  # The width of the version column on PostgreSQL.


@pytest.fixture
def later(each_ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A further migration, in a copy of the migrations folder."""
    folder = tmp_path / "100%" / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    migration = folder / "versions" / "9999_later.py"
    migration.write_text(LATER)
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    monkeypatch.setattr(schema, "KNOWN", (*schema.KNOWN, "9999_later"))
    monkeypatch.setattr(schema, "HEAD", "9999_later")
    return migration


@pytest.mark.usefixtures("later")
def test_next_migration_runs_once(each_ledger: Ledger, secrets: Secrets) -> None:
    opened(each_ledger.engine, secrets)
    opened(each_ledger.engine, secrets)
    with each_ledger.read() as connection:
        assert connection.scalars(VERSION).all() == ["9999_later"]
        assert inspect(connection).has_table("later")


def test_failed_migration_is_rolled_back(each_ledger: Ledger, secrets: Secrets, later: Path) -> None:
    later.write_text(f"{LATER}    raise KeyboardInterrupt\n")
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            opened(each_ledger.engine, secrets)
    with each_ledger.read() as connection:
        assert connection.scalars(VERSION).all() == [HEAD]
        assert not inspect(connection).has_table("later")
        assert "later" not in {column["name"] for column in inspect(connection).get_columns("plans")}
