"""The suppression log as Arrow tables: what is in force, and what was lifted, for the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from include.ledger.suppressions import SOURCE_REASONS, last_seq, latest
from include.ledger.tables import suppression_log


def in_force(connection: Connection) -> tuple[pa.Table, int]:
    """All suppressed addresses with their reasons (columns address_key, reason, happened_at), and the log's last seq.

    Without `SOURCE_REASONS`, which the ledger has from the warehouse.
    """
    seq = last_seq(connection)
    rows = _rows_in_force(connection, latest(and_(suppression_log.c.seq <= seq, _not_of_source())))
    return _table(rows), seq


def of_source(connection: Connection) -> pa.Table:
    """Suppressions for `SOURCE_REASONS` in force: columns address_key, reason, happened_at."""
    return _table(_rows_in_force(connection, latest(suppression_log.c.reason.in_(SOURCE_REASONS))))


def _not_of_source() -> ColumnElement[bool]:
    return suppression_log.c.reason.not_in(SOURCE_REASONS)


def _rows_in_force(connection: Connection, newest: Select[Any]) -> Iterator[tuple[str, str, float]]:
    rows = newest.subquery()
    query = select(rows.c.address_key, rows.c.reason, rows.c.happened_at)
    query = query.where(rows.c.age == 1, rows.c.action == "suppress")
    for row in connection.execute(query.execution_options(yield_per=10_000)):
        yield row.address_key, row.reason, row.happened_at


def _table(rows: Iterator[tuple[str, str, float]]) -> pa.Table:
    keys, reasons, times = list[str](), list[str](), list[datetime]()
    for address, reason, happened_at in rows:
        keys.append(address)
        reasons.append(reason)
        times.append(datetime.fromtimestamp(happened_at, UTC))
    moments = pa.array(times, pa.timestamp("us", "UTC"))
    return pa.table(
        {"address_key": pa.array(keys, pa.string()), "reason": pa.array(reasons, pa.string()), "happened_at": moments}
    )


def lifts(connection: Connection) -> pa.Table:
    """When each address last lifted a reason (columns address_key, reason, lifted_at in Unix seconds).

    Evidence from before that time must not suppress the address again.
    """
    log = suppression_log.c
    query = (
        select(log.address_key, log.reason, func.max(log.happened_at))
        .where(log.action == "lift")
        .group_by(log.address_key, log.reason)
    )
    rows = [tuple(row) for row in connection.execute(query)]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    kinds = {"address_key": pa.string(), "reason": pa.string(), "lifted_at": pa.float64()}
    return pa.table({name: pa.array(column, kind) for (name, kind), column in zip(kinds.items(), columns, strict=True)})
