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
    """Address keys by what holds of them now, and the last seq that was looked at.

    `left`: by an unsubscribe here, which the provider does not know of. `known`: in a way that the provider knows of or
    need not know of; it is news for other addresses of the same person alone.
    """

    left: frozenset[str]
    back: frozenset[str]
    seq: int
    known: frozenset[str] = frozenset()


def since(connection: Connection, seq: int) -> Changes:
    """Who left or came back after `seq`. Who left and came back since is back, and the other way round."""
    log = suppression_log.c
    last = suppressions.last_seq(connection)
    query = (
        select(log.address_key, log.reason, log.action, log.source)
        .where(log.reason.in_(suppressions.PERSONAL_REASONS), log.seq > seq, log.seq <= last)
        .order_by(log.seq)
    )
    newest = {(row.address_key, row.reason): row for row in connection.execute(query)}
    gone = [row for row in newest.values() if row.action == "suppress"]
    left = frozenset(row.address_key for row in gone if row.reason == "unsubscribe" and row.source not in LEARNT)
    back = frozenset(row.address_key for row in newest.values() if row.action == "lift" and row.reason == "unsubscribe")
    return Changes(left, back, last, frozenset(row.address_key for row in gone) - left)
