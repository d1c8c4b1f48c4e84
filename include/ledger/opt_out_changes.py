"""What the suppression log knows and the provider may not: for export to its lists.

An entry that came from the provider is on one of its lists already. Its lists of bounces and complaints cannot be written,
so that whatever is exported goes to its unsubscribe lists, which stop mail for every reason.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from include.ledger import suppressions
from include.ledger.tables import suppression_log

PROVIDER_SOURCES = frozenset({"webhook", "sendgrid_list", "sendgrid_group"})
"""Sources of entries that came from the provider, so that it already has them."""
OF_ADDRESS = frozenset({"hard_bounce", "invalid_address"})
"""Reasons that concern one address, and not the other addresses of the person."""
ELSEWHERE = OF_ADDRESS | {"spam_complaint", "manual"}
"""Reasons that are exported although nobody unsubscribed: an operator entered them, as from another provider's list."""


@dataclass(frozen=True)
class Changes:
    """Address keys by their newest state, and the last seq that was read.

    `opted_out`: by an unsubscribe made here, which the provider does not have. `known_to_provider`: by an entry that the
    provider has or does not need; it matters only for other addresses of the same person. `elsewhere`: by a complaint or a
    manual entry that did not come from the provider. `bounced`: likewise, for an address alone.
    """

    opted_out: frozenset[str]
    resubscribed: frozenset[str]
    seq: int
    known_to_provider: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    bounced: frozenset[str] = frozenset()


def changes_since(connection: Connection, seq: int) -> Changes:
    """The changes after `seq`; the newest per address and reason."""
    last = suppressions.last_seq(connection)
    newest = _newest(connection, suppressions.PERSONAL_REASONS | OF_ADDRESS, seq, last)
    entries = [row for row in newest if row.action == "suppress"]
    ours = [row for row in entries if row.source not in PROVIDER_SOURCES]
    opted_out = _keys(ours, {"unsubscribe"})
    elsewhere = _keys(ours, ELSEWHERE - OF_ADDRESS)
    lifted = frozenset(row.address_key for row in newest if row.action == "lift" and row.reason == "unsubscribe")
    known = _keys(entries, suppressions.PERSONAL_REASONS) - opted_out - elsewhere
    return Changes(opted_out, lifted, last, known, elsewhere, _keys(ours, OF_ADDRESS))


def known_elsewhere(connection: Connection) -> list[tuple[str, str, float]]:
    """The entries for `ELSEWHERE` that did not come from the provider: address key, reason, time of recording.

    They are in force, since nothing lifts these reasons.
    """
    log = suppression_log.c
    query = select(log.address_key, log.reason, log.recorded_at).where(
        log.reason.in_(ELSEWHERE), log.source.not_in(PROVIDER_SOURCES), log.action == "suppress"
    )
    return [(row.address_key, row.reason, row.recorded_at) for row in connection.execute(query)]


def _newest(connection: Connection, reasons: Collection[str], after: int, last: int) -> list[Row[*tuple[Any, ...]]]:
    """The newest row of each address and reason between two positions."""
    log = suppression_log.c
    query = (
        select(log.address_key, log.reason, log.action, log.source, log.recorded_at)
        .where(log.reason.in_(reasons), log.seq > after, log.seq <= last)
        .order_by(log.seq)
    )
    rows = connection.execute(query.execution_options(yield_per=10_000))
    return list({(row.address_key, row.reason): row for row in rows}.values())


def _keys(rows: list[Row[*tuple[Any, ...]]], reasons: Collection[str]) -> frozenset[str]:
    return frozenset(row.address_key for row in rows if row.reason in reasons)
