"""Imports SendGrid's suppression lists into the ledger, to catch what its webhook did not deliver."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from include.collect.export_unsubscribes import EXPORTED_AT, exported_seq
from include.collect.suppress import record_suppressions
from include.collect.sync_groups import sync_groups
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from include.core.keys import AddressSecret, address_key
from include.ledger import opt_out_changes, suppression_tables, watermarks, withheld
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.sendgrid.management import NotOffered, call

log = logging.getLogger(__name__)

LISTS = {
    "bounces": "hard_bounce",
    "invalid_emails": "invalid_address",
    "spam_reports": "spam_complaint",
    "unsubscribes": "unsubscribe",
}
"""SendGrid's list → the ledger's reason. Without `blocks`, which are temporary."""
SOURCE = "sendgrid_list"
PAGE_SIZE = 500
CLOCK_SKEW_SECONDS = 60.0
OVERLAP_SECONDS = 86_400
"""Each run reads this much before the watermark again: rows may appear late, and clocks differ."""


def sync_suppressions(stores: Stores, account: SendGridAccount) -> dict[str, dict[str, int] | str]:
    """Read each list from its watermark and the lists of our unsubscribe groups whole, and record their suppressions.

    Returns `{list: {rows, new, unreadable}}`, with "not offered" for a list that the provider does not have. Idempotent:
    after a crash, the list is read again from the old watermark. A suppression that the person lifted since stays lifted.
    Raises `ConfigurationError` for a key that may not read, `EspUnavailable` when SendGrid does not answer.
    """
    secret = stores.secrets.address_key
    result: dict[str, dict[str, int] | str] = {}
    for name, reason in LISTS.items():
        try:
            result[name] = _sync_list(stores.ledger, account, name, reason, secret)
        except NotOffered:
            result[name] = "not offered"
    try:
        result["groups"] = sync_groups(stores.ledger, account, secret)
    except NotOffered:
        result["groups"] = "not offered"
    return result


def _sync_list(ledger: Ledger, account: SendGridAccount, name: str, reason: str, secret: AddressSecret) -> dict[str, int]:
    started = clock.now().timestamp()
    lifted, periods = _lifted_until(ledger, reason), _withheld_periods(ledger, reason)
    counts = {"rows": 0, "new": 0, "unreadable": 0}
    for page in pages(account, name, watermarks.get(ledger, f"sendgrid/{name}")):
        entries = [entry for row in page if (entry := suppression_of(row, reason, secret)) is not None]
        current = [entry for entry in entries if entry.happened_at > lifted.get(entry.address_key, 0.0)]
        current = [entry for entry in current if not periods.cover(entry.address_key, entry.happened_at)]
        counts["rows"] += len(page)
        counts["unreadable"] += len(page) - len(entries)
        counts["new"] += sum(record_suppressions(ledger, current).values())
    watermarks.put(ledger, f"sendgrid/{name}", started)
    log.info("suppression list %s: %s", name, counts)
    return counts


def _withheld_periods(ledger: Ledger, reason: str) -> withheld.ListedSpans:
    """When Tradewind itself had addresses on the list of unsubscribes (withhold.py); empty for the other lists."""
    if reason != "unsubscribe":
        return withheld.ListedSpans({})
    with ledger.read() as connection:
        return withheld.listed_spans(connection)


def _lifted_until(ledger: Ledger, reason: str) -> dict[str, float]:
    """By address key: the time up to which entries are older than the person's resubscription.

    An entry that Tradewind exported has the time of the export, not of the unsubscribe. So until the resubscription is
    exported too, only entries from after the last export count.
    """
    exported_at = watermarks.get(ledger, EXPORTED_AT) or 0.0
    with ledger.read() as connection:
        rows = suppression_tables.lifts(connection).to_pylist()
        pending = opt_out_changes.changes_since(connection, exported_seq(ledger)).resubscribed
    lifted = {row["address_key"]: row["lifted_at"] for row in rows if row["reason"] == reason}
    return {key: max(at, exported_at + CLOCK_SKEW_SECONDS) if key in pending else at for key, at in lifted.items()}


def pages(account: SendGridAccount, name: str, since: float | None) -> Iterator[list[Any]]:
    """The list's rows from `since` on, page by page, until a page is not full."""
    start = {} if since is None else {"start_time": max(0, int(since - OVERLAP_SECONDS))}
    offset = 0
    while True:
        page = call(account, "get", f"suppression/{name}", query={**start, "limit": PAGE_SIZE, "offset": offset})
        if not isinstance(page, list):
            raise EspUnavailable(
                "answered something that is not a list.", where=f"SendGrid, GET /v3/suppression/{name}", remedy="Try again."
            )
        yield page
        if len(page) < PAGE_SIZE:
            return
        offset += PAGE_SIZE


def suppression_of(row: Any, reason: str, secret: AddressSecret) -> Suppression | None:
    """A row of a list as a suppression; None where it has no address."""
    if not isinstance(row, dict) or not isinstance(row.get("email"), str) or not row["email"].strip():
        return None
    created = row.get("created")
    happened_at = float(created) if isinstance(created, (int, float)) else clock.now().timestamp()
    return Suppression(address_key(secret, row["email"]), reason, SOURCE, happened_at)
