"""Addresses that are on SendGrid's unsubscribe lists by our own action, not by an unsubscribe.

The table has those that are there for a while; what an operator has suppressed is in the suppression log and stays. A row is
inserted before the address is added to the lists and ended after it is removed, so that every address that we listed has a
row. Ended rows are kept for `KEPT_SECONDS`, for late events about that time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from include.core import clock
from include.ledger import opt_out_changes
from include.ledger.database import Ledger
from include.ledger.tables import withheld

CLOCK_SKEW_SECONDS = 60.0
PROPAGATION_SECONDS = 3_600.0
"""An address that was removed from SendGrid's lists may still appear on them, and have mail dropped, for this long."""
KEPT_SECONDS = 30 * 86_400.0
"""For late events about dropped mail."""


@dataclass(frozen=True)
class ListedSpans:
    """When addresses were on SendGrid's lists by our own action: spans of Unix seconds, widened by the clock skew."""

    of_address: dict[str, list[tuple[float, float]]]

    def cover(self, address_key: str, at: float) -> bool:
        """Whether a list entry made at `at`, or a message dropped then, results from our own action."""
        return any(since <= at <= until for since, until in self.of_address.get(address_key, ()))

    def table(self) -> pa.Table:
        """Columns address_key, since, until (Unix seconds; infinity while in force)."""
        rows = [(key, *span) for key, spans in self.of_address.items() for span in spans]
        columns = list(zip(*rows, strict=True)) or [(), (), ()]
        kinds = (pa.string(), pa.float64(), pa.float64())
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        return pa.table(arrays, names=["address_key", "since", "until"])


def in_force(connection: Connection) -> dict[str, float]:
    """Since when each address is withheld (Unix seconds), by address key."""
    query = select(withheld.c.address_key, withheld.c.since).where(withheld.c.ended_at.is_(None))
    return {row.address_key: row.since for row in connection.execute(query)}


def unconfirmed(connection: Connection) -> frozenset[str]:
    """Withheld addresses that SendGrid has not confirmed."""
    query = select(withheld.c.address_key).where(withheld.c.ended_at.is_(None), withheld.c.listed_at.is_(None))
    return frozenset(connection.scalars(query))


def listed_spans(connection: Connection) -> ListedSpans:
    """When addresses were on SendGrid's lists by our own action, now or within `KEPT_SECONDS`.

    An address that is suppressed for a reason from elsewhere is exported soon after it was recorded, and stays.
    """
    found = defaultdict(list)
    for row in connection.execute(select(withheld)):
        until = float("inf") if row.ended_at is None else row.ended_at + PROPAGATION_SECONDS
        found[row.address_key].append((row.since - CLOCK_SKEW_SECONDS, until))
    for key, _, recorded_at in opt_out_changes.known_elsewhere(connection):
        found[key].append((recorded_at - CLOCK_SKEW_SECONDS, float("inf")))
    return ListedSpans(dict(found))


def record_pending(ledger: Ledger, addresses: Iterable[str]) -> None:
    """Record addresses that are about to be added to SendGrid's lists. None of them may be in force already."""
    now = clock.now().timestamp()
    rows = [{"address_key": address, "since": now} for address in addresses]
    with ledger.write() as connection:
        connection.execute(delete(withheld).where(withheld.c.ended_at < now - KEPT_SECONDS))
        if rows:
            connection.execute(insert(withheld), rows)


def record_listed(ledger: Ledger, addresses: Iterable[str]) -> None:
    """Record that SendGrid has added the addresses to its lists."""
    _stamp(ledger, addresses, "listed_at")


def record_ended(ledger: Ledger, addresses: Iterable[str]) -> None:
    """Record that the addresses are off SendGrid's lists, or on them because their owners unsubscribed."""
    _stamp(ledger, addresses, "ended_at")


def _stamp(ledger: Ledger, addresses: Iterable[str], column: str) -> None:
    this = (withheld.c.address_key == bindparam("of_address")) & withheld.c.ended_at.is_(None)
    if rows := [{"of_address": address} for address in addresses]:
        with ledger.write() as connection:
            connection.execute(update(withheld).where(this).values({column: clock.now().timestamp()}), rows)
