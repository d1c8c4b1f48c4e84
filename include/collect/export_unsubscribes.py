"""Exports what is suppressed here to SendGrid's unsubscribe lists, so that mail already scheduled there is not sent.

A person has every address they ever had, and scheduled mail may be addressed to any of them; so all of them are exported. A
bounce concerns one address.
"""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import select

from include.collect.unsubscribe_lists import add_addresses, groups_in_use, remove_addresses
from include.core import clock
from include.core.connections import SendGridAccount
from include.ledger import consent, opt_out_changes, suppression_tables, watermarks
from include.ledger.database import Ledger
from include.ledger.opt_out_changes import Changes
from include.ledger.stores import Stores
from include.ledger.tables import chunks, plans
from include.sendgrid.management import NotOffered
from include.warehouse.connection import fetch, open_warehouse
from include.warehouse.consent import replace_consent
from include.warehouse.suppressions import replace_suppressions

log = logging.getLogger(__name__)

EXPORTED_SEQ, EXPORTED_AT = "told/unsubscribes", "told/at"
"""Watermarks: the last seq of the suppression log that was exported to SendGrid, and the time of that export."""

Keys = frozenset[str]


def export_unsubscribes(stores: Stores, account: SendGridAccount) -> dict[str, int | str]:
    """Add to SendGrid's lists who unsubscribed, or is suppressed for a reason from elsewhere; remove who resubscribed.

    Returns the number of addresses `added` and `removed`, and of address keys without a known address (`unknown`);
    `{"exported": "not offered"}` if the provider has no such lists. Idempotent: after a crash, the same changes are exported
    again. Raises `ConfigurationError` for a key that may not write suppressions, `EspUnavailable` when SendGrid does not
    respond. Logs and errors contain no address.
    """
    with stores.ledger.read() as connection:
        changes = opt_out_changes.changes_since(connection, exported_seq(stores.ledger))
    with open_warehouse(stores.paths) as warehouse:
        unsubscribed, resubscribed = _keys_to_export(warehouse, stores.ledger, changes)
        emails = emails_of(warehouse, stores, unsubscribed | resubscribed)
    added, removed = ([emails[key] for key in sorted(keys) if key in emails] for keys in (unsubscribed, resubscribed))
    groups = groups_in_use(stores.ledger)
    try:
        add_addresses(account, added, groups)
        remove_addresses(account, removed, groups)
    except NotOffered:
        return {"exported": "not offered"}
    watermarks.put(stores.ledger, EXPORTED_AT, clock.now().timestamp())
    watermarks.put(stores.ledger, EXPORTED_SEQ, changes.seq)
    unknown = (changes.opted_out | changes.elsewhere | changes.bounced | changes.resubscribed) - emails.keys()
    counts: dict[str, int | str] = {"added": len(added), "removed": len(removed), "unknown": len(unknown)}
    log.info("exported to SendGrid: %s", counts)
    return counts


def exported_seq(ledger: Ledger) -> int:
    """The last seq of the suppression log that was exported to SendGrid."""
    return int(watermarks.get(ledger, EXPORTED_SEQ) or 0)


def copy_answers(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Copy the suppressions and consent answers in force from the ledger into the warehouse, for `people_as_of`."""
    with ledger.read() as connection:
        table, _ = suppression_tables.in_force(connection)
        answers = consent.in_force(connection)
    replace_suppressions(warehouse, table)
    replace_consent(warehouse, answers)


def _keys_to_export(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, changes: Changes) -> tuple[Keys, Keys]:
    """The address keys to add to SendGrid's lists and those to remove, for everybody whom the changes concern.

    A person who resubscribed under one address and is still unsubscribed under another counts as unsubscribed
    (`people_as_of`). An address that the warehouse does not know follows its own change.
    """
    requested = changes.opted_out | changes.known_to_provider | changes.elsewhere | changes.resubscribed
    if not requested:
        return changes.bounced, frozenset()
    copy_answers(warehouse, ledger)
    warehouse.register("requested_keys", pa.table({"address_key": sorted(requested)}))
    rows = fetch(warehouse, "collect", "addresses_of_people", {"at": clock.now()}).to_pylist()
    no_mail = {row["address_key"] for row in rows if not row["wants_mail"]} - changes.known_to_provider
    mail = {row["address_key"] for row in rows if row["wants_mail"] and row["requested_key"] in changes.resubscribed}
    unsubscribed = changes.opted_out | changes.bounced | no_mail
    return frozenset(unsubscribed), frozenset(changes.resubscribed | mail) - unsubscribed


def emails_of(warehouse: duckdb.DuckDBPyConnection, stores: Stores, keys: Keys) -> dict[str, str]:
    """Addresses by key: as the source has them now, or else as they are in the plans of scheduled mail."""
    if not keys:
        return {}
    warehouse.register("requested_keys", pa.table({"address_key": sorted(keys)}))
    rows = fetch(warehouse, "collect", "addresses_known").to_pylist()
    missing = keys - {row["address_key"] for row in rows}
    if missing and (parts := _scheduled_parts(stores)):
        rows += fetch(warehouse, "collect", "addresses_planned", {"parts": parts}).to_pylist()
    return {row["address_key"]: row["email"] for row in rows}


def _scheduled_parts(stores: Stores) -> list[str]:
    """The existing recipient files of every plan that has mail scheduled for later."""
    query = (
        select(plans.c.folder, chunks.c.file)
        .join(chunks, chunks.c.plan_id == plans.c.plan_id)
        .where(chunks.c.send_at > clock.now().timestamp())
        .distinct()
    )
    with stores.ledger.read() as connection:
        files: list[Path] = [stores.paths.root / row.folder / row.file for row in connection.execute(query)]
    return sorted({str(file) for file in files if file.is_file()})
