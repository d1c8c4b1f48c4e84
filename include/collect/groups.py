"""SendGrid's unsubscribe groups: who is on the list of a group that our campaigns use has left us.

A list of a group says neither when somebody left nor by which message, and a group may carry several of our campaigns. What
cannot be read narrower is a no to all our mail, as an event `group_unsubscribe` is. Groups that no campaign of ours names
belong to the account's other mail.
"""

from __future__ import annotations

import logging
from typing import Any

from include.collect.suppress import record
from include.collect.tell import groups_in_use, told_of
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from include.core.keys import address_key
from include.ledger import own_unsubscribes, suppressions, withheld
from include.ledger.database import Ledger
from include.ledger.suppressions import Suppression
from include.sendgrid.management import call

log = logging.getLogger(__name__)

SOURCE = "sendgrid_group"
SETTLES_SECONDS = 3_600
"""Who came back less than this ago may still be on a list from which we have just taken them."""


def sync_groups(ledger: Ledger, account: SendGridAccount, secret: bytes) -> dict[str, int]:
    """Suppress who left one of our groups; counts. Idempotent. Raises `NotOffered`, and as `call` does."""
    known = {group.get("id") for group in _list(account, "asm/groups") if isinstance(group, dict)}
    ours = sorted(group for group in groups_in_use(ledger) if group in known and group is not None)
    back = _came_back(ledger)
    with ledger.read() as connection:
        by_our_hand = withheld.listed_spans(connection)
    counts = {"rows": 0, "new": 0, "unreadable": 0}
    for group in ours:
        rows = _list(account, f"asm/groups/{group}/suppressions")
        emails = [row for row in rows if isinstance(row, str) and row.strip()]
        now = clock.now().timestamp()
        left = [Suppression(address_key(secret, email), "unsubscribe", SOURCE, now) for email in emails]
        own = [entry for entry in left if entry.address_key not in back]
        own = [entry for entry in own if not by_our_hand.cover(entry.address_key, now)]
        counts["rows"] += len(rows)
        counts["unreadable"] += len(rows) - len(emails)
        counts["new"] += sum(record(ledger, own).values())
    log.info("unsubscribe groups: %s", counts)
    return counts


def _came_back(ledger: Ledger) -> frozenset[str]:
    """Whose membership is older than their return: SendGrid does not know of it yet, or only just."""
    told = told_of(ledger)
    recent = clock.now().timestamp() - SETTLES_SECONDS
    with ledger.read() as connection:
        lifts = suppressions.lifts(connection).to_pylist()
        untold = own_unsubscribes.since(connection, told).back
    return untold | {row["address_key"] for row in lifts if row["reason"] == "unsubscribe" and row["lifted_at"] > recent}


def _list(account: SendGridAccount, path: str) -> list[Any]:
    found = call(account, "get", path)
    if not isinstance(found, list):
        where = f"SendGrid, GET /v3/{path}"
        raise EspUnavailable("answered something that is not a list.", where=where, remedy="Try again.")
    return found
