"""Who left or came back here, for telling the provider: the log of unsubscribes from a place on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from include.ledger import suppressions
from include.ledger.tables import suppression_log

LEARNT = frozenset({"webhook", "sendgrid_list", "sendgrid_group"})
"""Sources from which we learnt it of the provider: there is nothing to tell."""


@dataclass(frozen=True)
class Changes:
    """Address keys by what holds of them now, and the last seq that was looked at."""

    left: frozenset[str]
    back: frozenset[str]
    seq: int


def since(connection: Connection, seq: int) -> Changes:
    """Whose own unsubscribe changed after `seq`. Who left and came back since is back, and the other way round."""
    log = suppression_log.c
    last = suppressions.last_seq(connection)
    query = (
        select(log.address_key, log.action, log.source)
        .where(log.reason == "unsubscribe", log.seq > seq, log.seq <= last)
        .order_by(log.seq)
    )
    newest = {row.address_key: row for row in connection.execute(query)}
    left = (key for key, row in newest.items() if row.action == "suppress" and row.source not in LEARNT)
    return Changes(frozenset(left), frozenset(key for key, row in newest.items() if row.action == "lift"), last)
