"""Addresses that are temporarily on SendGrid's unsubscribe lists by our own action, not by an unsubscribe.

A row is written before the address is added to the lists, and ended after it is removed: every address that we listed has
a row. Ended rows are kept for `KEPT_SECONDS`, for late events about that time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from include.core import clock
from include.ledger.database import Ledger
from include.ledger.tables import withheld

CLOCKS_DIFFER = 60.0
SETTLES_SECONDS = 3_600.0
"""Who was taken off SendGrid's lists may still be read there, and be dropped, for so long."""
KEPT_SECONDS = 30 * 86_400.0
"""For events that come late about mail that was dropped."""


@dataclass(frozen=True)
class ListedSpans:
    """When an address was on SendGrid's lists by our hand: spans of Unix seconds, with the margin of two clocks."""

    of_address: dict[str, list[tuple[float, float]]]

    def cover(self, address_key: str, at: float) -> bool:
        """Whether an entry made at `at`, or mail dropped then, is our own doing."""
        return any(since <= at <= until for since, until in self.of_address.get(address_key, ()))

    def table(self) -> pa.Table:
        """Columns address_key, since, until (Unix seconds; infinity while it stands)."""
        rows = [(key, *span) for key, spans in self.of_address.items() for span in spans]
        columns = list(zip(*rows, strict=True)) or [(), (), ()]
        kinds = (pa.string(), pa.float64(), pa.float64())
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        return pa.table(arrays, names=["address_key", "since", "until"])


def in_force(connection: Connection) -> dict[str, float]:
    """Who is withheld: since when (Unix seconds), by address key."""
    query = select(withheld.c.address_key, withheld.c.since).where(withheld.c.ended_at.is_(None))
    return {row.address_key: row.since for row in connection.execute(query)}


def unconfirmed(connection: Connection) -> frozenset[str]:
    """Those of whom it is not certain that SendGrid was told."""
    query = select(withheld.c.address_key).where(withheld.c.ended_at.is_(None), withheld.c.listed_at.is_(None))
    return frozenset(connection.scalars(query))


def listed_spans(connection: Connection) -> ListedSpans:
    """What is on SendGrid's lists by our hand, and what was of late."""
    found = defaultdict(list)
    for row in connection.execute(select(withheld)):
        until = float("inf") if row.ended_at is None else row.ended_at + SETTLES_SECONDS
        found[row.address_key].append((row.since - CLOCKS_DIFFER, until))
    return ListedSpans(dict(found))


def record_pending(ledger: Ledger, addresses: Iterable[str]) -> None:
    """They are about to be put on SendGrid's lists. None of them stands here."""
    now = clock.now().timestamp()
    rows = [{"address_key": address, "since": now} for address in addresses]
    with ledger.write() as connection:
        connection.execute(delete(withheld).where(withheld.c.ended_at < now - KEPT_SECONDS))
        if rows:
            connection.execute(insert(withheld), rows)


def record_listed(ledger: Ledger, addresses: Iterable[str]) -> None:
    """SendGrid has them on its lists."""
    _stamp(ledger, addresses, "listed_at")


def record_ended(ledger: Ledger, addresses: Iterable[str]) -> None:
    """They are off SendGrid's lists, or on them by their own wish."""
    _stamp(ledger, addresses, "ended_at")


def _stamp(ledger: Ledger, addresses: Iterable[str], column: str) -> None:
    this = (withheld.c.address_key == bindparam("of_address")) & withheld.c.ended_at.is_(None)
    if rows := [{"of_address": address} for address in addresses]:
        with ledger.write() as connection:
            connection.execute(update(withheld).where(this).values({column: clock.now().timestamp()}), rows)
