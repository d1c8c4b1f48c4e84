"""What events say about whom not to mail, into the ledger: in force for the next chunk."""

from __future__ import annotations

import logging
from collections import Counter

from include.collect import unsubscribes
from include.core import clock
from include.ledger import suppressions, withheld
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.sendgrid.event_vocabulary import suppression_reasons
from include.warehouse.connection import fetch, open_warehouse, run

log = logging.getLogger(__name__)

SOURCE = "webhook"
PEOPLE_A_COMMIT = 10_000


def suppress_from_events(stores: Stores) -> dict[str, int]:
    """Hard bounces, invalid addresses, complaints and unsubscribes → suppressions; returns how many were new by reason.

    Looks at the batches that it has not looked at (`spool_files.suppressed_at`). Soft and blocked bounces suppress nobody.
    An unsubscribe counts whoever pressed it, a scanner too: the person can come back, an ignored wish cannot be undone.
    First come the unsubscribes that the edge kept on disk while the ledger was away.
    """
    brought = unsubscribes.bring(stores)
    with open_warehouse(stores.paths) as warehouse:
        with stores.ledger.read() as connection:
            warehouse.register("lifts", suppressions.lifts(connection))
            warehouse.register("withheld_periods", withheld.listed_spans(connection).table())
        warehouse.register("suppressing", suppression_reasons())
        found = fetch(warehouse, "collect", "suppressions_from_events").to_pylist()
        new = Counter(record(stores.ledger, [Suppression(source=SOURCE, **row) for row in found]))
        run(warehouse, "collect", "spool_files_update_suppressed_at", {"suppressed_at": clock.now()})
    if brought:
        new["unsubscribe"] += brought
    if new:
        log.info("new suppressions: %s", dict(new))
    return dict(new)


def record(ledger: Ledger, entries: list[Suppression]) -> dict[str, int]:
    """Suppress, some thousand a commit; returns how many were new by reason, without the reasons that had none."""
    new: Counter[str] = Counter()
    for reason in sorted({entry.reason for entry in entries}):
        people = [entry for entry in entries if entry.reason == reason]
        for start in range(0, len(people), PEOPLE_A_COMMIT):
            new[reason] += suppressions.suppress(ledger, people[start : start + PEOPLE_A_COMMIT])
    return {reason: count for reason, count in new.items() if count}
