"""A ledger that an earlier edition made gets the columns that this one needs, with its rows."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect, select, text

from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.ledger import schema
from include.ledger.database import Ledger, open_ledger
from include.ledger.tables import identity, plans
from tests.dispatch.frozen import frozen_plan


def test_columns_that_are_missing_are_added_once_and_rows_stay(
    each_ledger: Ledger, paths: DataPaths, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = frozen_plan(paths, each_ledger, secrets, 10)
    with each_ledger.write() as connection:
        for table, column in (("plans", "batch_status"), ("plans", "batch_status_at"), ("chunks", "batch_id")):
            connection.exec_driver_sql(f"alter table {table} drop column {column}")
        connection.execute(identity.update().where(identity.c.name == "schema").values(value="1"))
        connection.execute(identity.insert().values(name="note", value="kept"))
    url = each_ledger.engine.url.render_as_string(hide_password=False)
    opened = open_ledger(url, secrets)
    with opened.read() as connection:
        assert connection.scalar(select(plans.c.batch_status)) is None
        assert connection.scalar(select(plans.c.plan_id)) == plan_id
        assert "batch_id" in {column["name"] for column in inspect(connection).get_columns("chunks")}
        assert connection.scalar(select(identity.c.value).where(identity.c.name == "schema")) == schema.VERSION
        assert connection.scalar(select(identity.c.value).where(identity.c.name == "note")) == "kept"
    opened.close()
    monkeypatch.setattr(schema, "inspect", lambda _connection: pytest.fail("looked again"))
    open_ledger(url, secrets).close()


def test_a_new_ledger_has_every_column(paths: DataPaths, secrets: Secrets) -> None:
    url = ledger_url(paths)
    open_ledger(url, secrets).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("select batch_status, batch_status_at, batch_id from plans"))
    engine.dispose()
