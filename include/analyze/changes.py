"""What changed since the last build of the marts: messages first, and other keys when a mart needs them.

Writers of events, sends and plans insert the keys of what they change into build.changes, in the same transaction.
The rest is compared with the last build: sends of plans that were recorded again, people, purchases and links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from include.analyze import scopes
from include.core import sqlfile
from include.warehouse.connection import fetch, materialize, run
from include.warehouse.mart_keys import rebuild_of

FOLDER = "analyze/changes"
BEFORE = ("people_before", "purchases_before", "links_before")
PURCHASES = "purchase day"
MAX_SHARE = 0.3
"""If a larger share of all messages changed, a build of the whole is cheaper."""
GUARDED = timedelta(days=90)
"""Events of so many days are compared with their source after a build, as long as the reconciliation looks back."""


class Changes:
    """The temporary tables with what changed, within the caller's transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, params: Mapping[str, Any], built_at: datetime) -> None:
        """Keep what the last build, made as of `built_at`, had of the tables that are built as a whole."""
        self._connection, self._params = connection, {**params, "built_at": built_at}
        self._found: set[str] = set()
        purchases = rebuild_of(sqlfile.load("analyze", "purchases")).select
        connection.execute(f"create or replace temp view purchases_now as {purchases}")
        self._find(PURCHASES)
        for name in BEFORE:
            self._make(name)

    def find_messages(self) -> bool:
        """Find the changed messages; False if there are so many that everything is better built as a whole."""
        self._make("messages", "changed_messages")
        self._make("resent")
        self._make("mails", "changed_mails")
        self._connection.execute(
            "insert into changed_messages from changed_mails anti join changed_messages using (message_key)"
        )
        self._params |= fetch(self._connection, FOLDER, "found").to_pylist()[0]
        return bool(self._params["share"] <= MAX_SHARE)

    def replace_base(self, replace: Callable[[], None]) -> None:
        """Let `replace` build the tables by message, and keep the changed messages as they were and as they are."""
        self._make("found_events")
        self._make("found_mail_events")
        scopes.show(self._connection, "message", people="people_before")
        self._keep("before")
        replace()
        scopes.show(self._connection, "message")
        self._keep("after")
        self._make("differing_events")
        self._make("differing_purchases")

    def show(self, by: str) -> None:
        """Let the views hold what changed of a key, which is found when it is first asked for."""
        for name in dict.fromkeys(("plan", by) if by in ("revenue plan", "experiment") else (by,)):
            self._find(name)
        scopes.show(self._connection, by, **self._times(table_of(by)))

    def is_complete(self) -> bool:
        """Whether the marts have the events and sends that their sources have; if not, a change was not noted."""
        since = self._params["as_of"] - GUARDED
        return bool(fetch(self._connection, FOLDER, "complete", {"since": since})["is_complete"].to_pylist()[0])

    def _find(self, by: str) -> None:
        if by not in self._found and by not in ("message", "mail"):
            self._make(f"{by.replace(' ', '_')}s", table_of(by))
        self._found.add(by)

    def _times(self, table: str) -> dict[str, str]:
        """The times by which scans skip what cannot have changed, as literals."""
        times = {}
        if "mailed_since" in self._params:
            times["mailed_since"] = self._params["mailed_since"].astimezone(UTC).isoformat()
        if table.endswith("_days"):
            row = self._connection.execute(f"select min(day)::varchar, max(day)::varchar from {table}").fetchall()[0]
            times |= {"first_day": row[0] or "9999-01-01", "last_day": row[1] or "9999-01-01"}
        return times

    def _keep(self, when: str) -> None:
        self._connection.execute(f"create or replace temp table messages_{when} as from messages")
        self._make("events_now", f"events_{when}")

    def _make(self, name: str, table: str = "") -> None:
        materialize(self._connection, table or name, FOLDER, name, self._params)


def table_of(by: str) -> str:
    """The temporary table with the changed keys of one kind."""
    return f"changed_{by.replace(' ', '_')}s"


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget the changes, which are applied."""
    connection.execute("delete from build.changes")


def note_opt_outs(connection: duckdb.DuckDBPyConnection) -> None:
    """Note the messages whose unsubscribe in the ledger (Arrow table ledger_opt_outs) differs from the last copy of it."""
    run(connection, FOLDER, "opt_outs")
