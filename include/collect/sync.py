"""SendGrid's own suppression lists into the ledger: what its webhook did not tell us, we ask for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from include.collect.groups import sync_groups
from include.collect.suppress import record
from include.collect.tell import TOLD_AT, told_of
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from include.core.keys import address_key
from include.ledger import own_unsubscribes, suppressions, watermarks, withheld
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
"""SendGrid's list → the ledger's reason. Not `blocks`: they say nothing lasting about the address."""
SOURCE = "sendgrid_list"
PAGE = 500
CLOCKS_DIFFER = 60.0
OVERLAP_SECONDS = 86_400
"""Read again what is younger than the last look by this much: rows may appear late, and clocks differ."""


def sync_suppressions(stores: Stores, account: SendGridAccount) -> dict[str, dict[str, int] | str]:
    """Read each list from its watermark on, and our unsubscribe groups whole, and suppress.

    Returns `{list: {rows, new, unreadable}}`, or "not offered" for a list.

    Idempotent; a crash reads the list again from the old watermark. What the person lifted since stays lifted. Raises
    `ConfigurationError` for a key that may not read, `EspUnavailable` when SendGrid does not answer.
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


def _sync_list(ledger: Ledger, account: SendGridAccount, name: str, reason: str, secret: bytes) -> dict[str, int]:
    began = clock.now().timestamp()
    lifted, ours = _lifted(ledger, reason), _by_our_hand(ledger, reason)
    counts = {"rows": 0, "new": 0, "unreadable": 0}
    for page in _pages(account, name, watermarks.get(ledger, f"sendgrid/{name}")):
        entries = [entry for row in page if (entry := _entry(row, reason, secret)) is not None]
        wanted = [entry for entry in entries if entry.happened_at > lifted.get(entry.address_key, 0.0)]
        wanted = [entry for entry in wanted if not ours.cover(entry.address_key, entry.happened_at)]
        counts["rows"] += len(page)
        counts["unreadable"] += len(page) - len(entries)
        counts["new"] += sum(record(ledger, wanted).values())
    watermarks.put(ledger, f"sendgrid/{name}", began)
    log.info("suppression list %s: %s", name, counts)
    return counts


def _by_our_hand(ledger: Ledger, reason: str) -> withheld.ListedSpans:
    """Entries that we made ourselves for who lost their yes otherwise (withhold.py): of the list of unsubscribes alone."""
    if reason != "unsubscribe":
        return withheld.ListedSpans({})
    with ledger.read() as connection:
        return withheld.listed_spans(connection)


def _lifted(ledger: Ledger, reason: str) -> dict[str, float]:
    """Until when an entry about an address is older than its return.

    An entry that we made ourselves for somebody who came back meanwhile is as young as our telling, not as their leaving;
    until SendGrid is told of the return, only what is younger than the last telling counts.
    """
    told = told_of(ledger)
    told_at = watermarks.get(ledger, TOLD_AT) or 0.0
    with ledger.read() as connection:
        rows = suppressions.lifts(connection).to_pylist()
        untold = own_unsubscribes.since(connection, told).back
    lifted = {row["address_key"]: row["lifted_at"] for row in rows if row["reason"] == reason}
    return {key: max(at, told_at + CLOCKS_DIFFER) if key in untold else at for key, at in lifted.items()}


def _pages(account: SendGridAccount, name: str, since: float | None) -> Iterator[list[Any]]:
    """The list's rows from `since` on, 500 at a time, until a page is not full."""
    start = {} if since is None else {"start_time": max(0, int(since - OVERLAP_SECONDS))}
    offset = 0
    while True:
        page = call(account, "get", f"suppression/{name}", query={**start, "limit": PAGE, "offset": offset})
        if not isinstance(page, list):
            raise EspUnavailable(
                "answered something that is not a list.", where=f"SendGrid, GET /v3/suppression/{name}", remedy="Try again."
            )
        yield page
        if len(page) < PAGE:
            return
        offset += PAGE


def _entry(row: Any, reason: str, secret: bytes) -> Suppression | None:
    """One row of a list; None where it names no address."""
    if not isinstance(row, dict) or not isinstance(row.get("email"), str) or not row["email"].strip():
        return None
    created = row.get("created")
    happened_at = float(created) if isinstance(created, (int, float)) else clock.now().timestamp()
    return Suppression(address_key(secret, row["email"]), reason, SOURCE, happened_at)
