"""Records suppressions in the ledger from events and from unsubscribes that the edge spooled; the next chunk obeys them."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import msgspec

from include.core import clock
from include.ledger import suppression_tables, suppressions, withheld
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.sendgrid.event_vocabulary import suppression_reasons
from include.warehouse.connection import fetch, open_warehouse, run

log = logging.getLogger(__name__)

SOURCE = "webhook"
ENTRIES_PER_COMMIT = 10_000


def suppress_from_events(stores: Stores) -> dict[str, int]:
    """Suppress for hard bounces, invalid addresses, complaints and unsubscribes; returns how many are new by reason.

    Reads the batches whose `spool_files.suppressed_at` is null, after the unsubscribes that the edge spooled while the
    ledger was unavailable. Soft and blocked bounces suppress nobody. An unsubscribe made by a scanner counts too: a person
    can resubscribe, but an ignored unsubscribe cannot be undone.
    """
    spooled = _import_spooled_unsubscribes(stores)
    with open_warehouse(stores.paths) as warehouse:
        with stores.ledger.read() as connection:
            warehouse.register("lifts", suppression_tables.lifts(connection))
            warehouse.register("withheld_periods", withheld.listed_spans(connection).table())
        warehouse.register("suppressing", suppression_reasons())
        found = fetch(warehouse, "collect", "suppressions_from_events").to_pylist()
        new = Counter(record_suppressions(stores.ledger, [Suppression(source=SOURCE, **row) for row in found]))
        run(warehouse, "collect", "spool_files_update_suppressed_at", {"suppressed_at": clock.now()})
    if spooled:
        new["unsubscribe"] += spooled
    if new:
        log.info("new suppressions: %s", dict(new))
    return dict(new)


def record_suppressions(ledger: Ledger, entries: list[Suppression]) -> dict[str, int]:
    """Record the entries, in commits of limited size; returns how many are new, for each reason that has new ones."""
    new: Counter[str] = Counter()
    for reason in sorted({entry.reason for entry in entries}):
        people = [entry for entry in entries if entry.reason == reason]
        for start in range(0, len(people), ENTRIES_PER_COMMIT):
            new[reason] += suppressions.suppress(ledger, people[start : start + ENTRIES_PER_COMMIT])
    return {reason: count for reason, count in new.items() if count}


def _import_spooled_unsubscribes(stores: Stores) -> int:
    """Record the entries in `spool/unsubscribes/` and delete their files; returns how many are new. Idempotent.

    An entry from before the person resubscribed is dropped. An unreadable file stays and is logged at every run.
    """
    spooled = {path: _read(path) for path in sorted((stores.paths.spool / "unsubscribes").glob("*.json"))}
    readable = {path: entry for path, entry in spooled.items() if entry is not None}
    with stores.ledger.read() as connection:
        lifted = {
            row["address_key"]: row["lifted_at"]
            for row in suppression_tables.lifts(connection).to_pylist()
            if row["reason"] == "unsubscribe"
        }
    current = [entry for entry in readable.values() if entry.happened_at > lifted.get(entry.address_key, 0.0)]
    new = suppressions.suppress(stores.ledger, current) if current else 0
    for path in readable:
        path.unlink(missing_ok=True)
    return new


def _read(path: Path) -> Suppression | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Suppression)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        log.error("spool/unsubscribes/%s cannot be read: it holds an unsubscribe; inspect it by hand", path.name)
        return None
