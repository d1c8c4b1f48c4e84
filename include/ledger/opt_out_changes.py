"""Opt-outs and resubscriptions in the suppression log after a given position, for export to the provider."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from include.ledger import suppressions
from include.ledger.tables import suppression_log

PROVIDER_SOURCES = frozenset({"webhook", "sendgrid_list", "sendgrid_group"})
"""Sources of entries that came from the provider, so that it already has them."""


@dataclass(frozen=True)
class Changes:
    """Address keys by their newest state, and the last seq that was read.

    `opted_out`: by an unsubscribe made here, which the provider does not have. `known_to_provider`: by an entry that the
    provider has or does not need; it matters only for other addresses of the same person.
    """

    opted_out: frozenset[str]
    resubscribed: frozenset[str]
    seq: int
    known_to_provider: frozenset[str] = frozenset()


def changes_since(connection: Connection, seq: int) -> Changes:
    """The changes after `seq`; the newest per address and reason."""
    log = suppression_log.c
    last = suppressions.last_seq(connection)
    query = (
        select(log.address_key, log.reason, log.action, log.source)
        .where(log.reason.in_(suppressions.PERSONAL_REASONS), log.seq > seq, log.seq <= last)
        .order_by(log.seq)
    )
    newest = {(row.address_key, row.reason): row for row in connection.execute(query)}
    entries = [row for row in newest.values() if row.action == "suppress"]
    opted_out = frozenset(
        row.address_key for row in entries if row.reason == "unsubscribe" and row.source not in PROVIDER_SOURCES
    )
    lifted = frozenset(row.address_key for row in newest.values() if row.action == "lift" and row.reason == "unsubscribe")
    return Changes(opted_out, lifted, last, frozenset(row.address_key for row in entries) - opted_out)
