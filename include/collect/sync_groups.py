"""Imports the lists of SendGrid's unsubscribe groups that our campaigns use: an address on one has unsubscribed.

A group's list has neither the time nor the message of an unsubscribe, and several campaigns may share a group. Therefore an
entry counts as an unsubscribe from all our mail, as an event `group_unsubscribe` does. Groups that no campaign uses belong
to the account's other mail and are ignored.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from include.collect.export_unsubscribes import exported_seq
from include.collect.suppress import record_suppressions
from include.collect.unsubscribe_lists import groups_in_use
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from include.core.keys import AddressSecret, address_key
from include.ledger import opt_out_changes, suppression_tables, withheld
from include.ledger.database import Ledger
from include.ledger.suppressions import Suppression
from include.sendgrid.management import call

log = logging.getLogger(__name__)

SOURCE = "sendgrid_group"


def sync_groups(ledger: Ledger, account: SendGridAccount, secret: AddressSecret) -> dict[str, int]:
    """Suppress the addresses on our groups' lists; returns counts. Idempotent. Raises what `call` raises."""
    back = resubscribed(ledger)
    with ledger.read() as connection:
        periods = withheld.listed_spans(connection)
    counts = {"rows": 0, "new": 0, "unreadable": 0}
    for _, rows in lists_in_use(ledger, account):
        emails = readable(rows)
        now = clock.now().timestamp()
        entries = [Suppression(address_key(secret, email), "unsubscribe", SOURCE, now) for email in emails]
        current = [entry for entry in entries if entry.address_key not in back]
        current = [entry for entry in current if not periods.cover(entry.address_key, now)]
        counts["rows"] += len(rows)
        counts["unreadable"] += len(rows) - len(emails)
        counts["new"] += sum(record_suppressions(ledger, current).values())
    log.info("unsubscribe groups: %s", counts)
    return counts


def lists_in_use(ledger: Ledger, account: SendGridAccount) -> Iterator[tuple[int, list[Any]]]:
    """The list of each group that our campaigns use and SendGrid has, as it answers."""
    known = {group.get("id") for group in _list(account, "asm/groups") if isinstance(group, dict)}
    for group in sorted(group for group in groups_in_use(ledger) if group in known and group is not None):
        yield group, _list(account, f"asm/groups/{group}/suppressions")


def readable(rows: list[Any]) -> list[str]:
    """The rows that are addresses."""
    return [row for row in rows if isinstance(row, str) and row.strip()]


def resubscribed(ledger: Ledger) -> frozenset[str]:
    """Addresses whose resubscription is not exported to SendGrid yet, or was made recently: their entry is outdated."""
    recent = clock.now().timestamp() - withheld.PROPAGATION_SECONDS
    with ledger.read() as connection:
        lifts = suppression_tables.lifts(connection).to_pylist()
        pending = opt_out_changes.changes_since(connection, exported_seq(ledger)).resubscribed
    return pending | {row["address_key"] for row in lifts if row["reason"] == "unsubscribe" and row["lifted_at"] > recent}


def _list(account: SendGridAccount, path: str) -> list[Any]:
    found = call(account, "get", path)
    if not isinstance(found, list):
        where = f"SendGrid, GET /v3/{path}"
        raise EspUnavailable("answered something that is not a list.", where=where, remedy="Try again.")
    return found
