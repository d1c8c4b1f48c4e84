"""The clock that all hosts share: the ledger's. What one host writes and another compares is timed by it.

The clocks of two hosts may differ by minutes. By its own clock, a host that is ahead would take a lease from a process that
is still waiting for SendGrid's response, and would reserve the account's pace minutes ahead.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from include.core import clock

_POSTGRESQL = text("select cast(extract(epoch from clock_timestamp()) as double precision)")
"""The present moment. `now()` is the beginning of the transaction, which may have waited for a lock since."""


def now(connection: Connection) -> float:
    """Unix seconds: PostgreSQL's clock; with SQLite, which one host uses, that of this host."""
    if connection.dialect.name != "postgresql":
        return clock.now().timestamp()
    return float(connection.execute(_POSTGRESQL).scalar_one())
