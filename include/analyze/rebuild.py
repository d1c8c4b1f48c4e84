"""Brings tables of the marts up to date: a table that is kept by what changed, another one as a whole.

A file of `include/sql/analyze` is a whole statement, `create or replace table … as`, and says in its header how its table is
kept (`include/warehouse/mart_keys.py`):

    -- rebuild: by event day          the rows of these keys are deleted and inserted again
    -- rebuild: by difference         counts: those of the changed messages as they are, less those as they were, are added
    -- rebuild: by segments           built as a whole, after a run of the segments

For this it reads its large sources through the views `temp.sends`, `temp.events`, … (`scopes.SOURCES`), which hold
everything when the table is built as a whole, and else what changed of its key. Rows of a key may depend on rows of that key
only. Counts read `temp.messages` (messages.sql) only; their column `messages` is the number of rows of a group.

A table is built as a whole if its statement changed; all of them, if a table of `BASE`, a view or macro of the warehouse or
an exchange rate did, if much changed, or if the caller asks for it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb

from include.analyze import scopes
from include.analyze.changes import FOLDER, Changes, forget, table_of
from include.core import sqlfile
from include.core.paths import SQL
from include.core.sqlfile import SqlFile
from include.warehouse.connection import fetch, run
from include.warehouse.mart_keys import DIFFERENCE, SEGMENTS, Rebuild, rebuild_of
from include.warehouse.memory import explain_out_of_memory

logger = logging.getLogger(__name__)

INPUTS = ("subscribers", "purchases", "public_links")
"""Tables that are built first, because changes are found in them."""
BASE = ("message_outcomes", "sends", "events", "mail_counts")
"""The tables by message, on which all others and the search for changes are based."""


class Builder:
    """Builds tables within the caller's transaction. `params` are the parameters of all statements, `as_of` among them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, params: Mapping[str, Any], *, whole: bool = False) -> None:
        """With `whole`, nothing of the last build is used."""
        self._connection, self._params = connection, dict(params)
        self._common = _hash(*fetch(connection, FOLDER, "common")["text"].to_pylist(), *map(_statement, ("messages", *BASE)))
        self._segments = str(fetch(connection, FOLDER, "segments")["state"].to_pylist()[0])
        built = {row["mart"]: row for row in fetch(connection, FOLDER, "built").to_pylist()}
        self._kept = {} if whole else {name: row for name, row in built.items() if self._is_current(name, row)}
        self._changes: Changes | None = None

    @property
    def is_incremental(self) -> bool:
        """Whether tables are brought up to date by what changed."""
        return self._changes is not None

    def build_base(self) -> None:
        """Find what changed, and build `INPUTS` and `BASE`."""
        if all(name in self._kept for name in BASE):
            self._changes = Changes(self._connection, self._params, self._kept[BASE[0]]["as_of"])
        for name in INPUTS:
            self.build(name)
        if self._changes and self._changes.find_messages():
            self._changes.replace_base(self._replace_base)
            if self._changes.is_complete():
                return
            logger.warning("events or sends changed without a row in build.changes: building everything as a whole")
        self._changes = None
        for name in BASE:
            self.build(name)

    def build(self, name: str) -> None:
        """Bring one table up to date."""
        file = sqlfile.load("analyze", name)
        way = rebuild_of(file)
        if not way.by:
            run(self._connection, "analyze", name, self._params)
            return
        if not self._changes or name not in self._kept:
            self._build_whole(file, way)
        elif way.by == DIFFERENCE:
            self._add_difference(file, way)
        elif way.by != SEGMENTS:
            self._changes.show(way.by)
            self._replace_keys(file, way)
        self._note(name)
        logger.info("built %s", name)

    def finish(self) -> None:
        """Forget the changes, which are applied now."""
        scopes.show(self._connection)
        forget(self._connection)

    def _replace_base(self) -> None:
        for name in BASE:
            self.build(name)

    def _build_whole(self, file: SqlFile, way: Rebuild) -> None:
        scopes.show(self._connection)
        self._execute(file.statement, file)
        if way.table.startswith("marts."):
            self._connection.execute(f"delete from build.unpublished where mart = '{file.name}'")
            self._note_unpublished(f"select '{file.name}', null")

    def _replace_keys(self, file: SqlFile, way: Rebuild) -> None:
        if self._is_empty(f"temp.{table_of(str(way.by))}"):
            return
        changed = f"select ({', '.join(way.columns)}) from temp.{table_of(str(way.by))}"
        keys = f"({', '.join(way.expressions)}) in ({changed})"
        self._execute(f"create or replace temp table replacing as\nfrom ({way.select}) where {keys}", file)
        self._connection.execute(f"delete from {way.table} where {keys}")
        self._connection.execute(f"insert into {way.table} by name from replacing")
        if way.table.startswith("marts."):
            self._note_unpublished(f"select distinct '{file.name}', {way.changed_key} from temp.{table_of(str(way.by))}")

    def _add_difference(self, file: SqlFile, way: Rebuild) -> None:
        """Add the counts of the changed messages as they are, and subtract those as they were."""
        if self._is_empty("temp.changed_messages"):
            return
        self._connection.execute("create or replace temp view messages as from messages_before")
        self._execute(f"create or replace temp table counted_before as\n{way.select}", file)
        self._connection.execute("create or replace temp view messages as from messages_after")
        self._execute(f"create or replace temp table counted_after as\n{way.select}", file)
        names = [row[0] for row in self._connection.execute(f"describe {way.table}").fetchall()]
        groups, counts = ", ".join(way.columns), [name for name in names if name not in way.columns]
        negative = ", ".join(f"-{name} as {name}" for name in counts)
        sums = ", ".join(f"sum({name})::bigint as {name}" for name in counts)
        self._connection.execute(
            f"create or replace table {way.table} as select {groups}, {sums} from (from {way.table} union all by name"
            f" from counted_after union all by name select {groups}, {negative} from counted_before)"
            f" group by {groups} having sum(messages) <> 0"
        )

    def _is_empty(self, table: str) -> bool:
        return not self._connection.execute(f"from {table} limit 1").fetchall()

    def _note_unpublished(self, rows: str) -> None:
        """Without a published file to bring up to date, nothing is noted: the next one is written whole."""
        self._connection.execute(f"insert into build.unpublished from ({rows}) where exists (from build.published)")

    def _execute(self, statement: str, file: SqlFile) -> None:
        with explain_out_of_memory(f"include/sql/analyze/{file.name}.sql"):
            bound = file.bind(self._params)
            self._connection.execute(statement, bound) if bound else self._connection.execute(statement)

    def _is_current(self, name: str, row: Mapping[str, Any]) -> bool:
        """Whether the table was built by the present statement, and not as of a later time."""
        if not (SQL / "analyze" / f"{name}.sql").is_file() or row["statement_hash"] != self._hash(name):
            return False
        as_of: datetime = row["as_of"]
        return bool(as_of <= self._params["as_of"])

    def _note(self, name: str) -> None:
        noted = {"mart": name, "statement_hash": self._hash(name), "as_of": self._params["as_of"]}
        run(self._connection, FOLDER, "built_delete", noted)
        run(self._connection, FOLDER, "built_insert", noted)

    def _hash(self, name: str) -> str:
        """Of all that the table is made by; of the segments' marts also the state of the segments."""
        file = sqlfile.load("analyze", name)
        segments = self._segments if rebuild_of(file).by == SEGMENTS else ""
        return _hash(self._common, file.extra.get("rebuild", ""), segments, file.statement)


def _statement(name: str) -> str:
    return sqlfile.load("analyze", name).statement


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
