"""Compares SendGrid's suppression lists, read whole, with the ledger, and repairs what neither side can explain.

The other tasks work from watermarks (sync_suppressions.py, export_unsubscribes.py). An entry that was imported into SendGrid
with an old date, or removed there by hand, passes them by.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from include.collect import sync_groups
from include.collect.export_unsubscribes import copy_answers, emails_of, exported_seq
from include.collect.suppress import record_suppressions
from include.collect.sync_suppressions import LISTS, SOURCE, pages, suppression_of
from include.collect.unsubscribe_lists import add_addresses, groups_in_use
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.keys import AddressSecret, address_key
from include.ledger import opt_out_changes, suppression_tables, withheld
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.sendgrid.management import NotOffered
from include.warehouse.connection import fetch, materialize, open_warehouse, run

log = logging.getLogger(__name__)

BLOCKS = "blocks"
"""Messages that a mailbox provider refused for now. They suppress nobody, here and at SendGrid."""
_LISTED = pa.schema(
    [
        ("list", pa.string()),
        ("reason", pa.string()),
        ("address_key", pa.string()),
        ("happened_at", pa.timestamp("us", "UTC")),
    ]
)
_ELSEWHERE = pa.schema([("address_key", pa.string()), ("reason", pa.string())])
_VIEWS = ("listed", "suppressed_now", "lifted", "withheld_now", "resubscribed", "pending_export", "elsewhere")
"""What suppression_entries.sql reads."""

Entry = dict[str, Any]


def reconcile_suppressions(stores: Stores, account: SendGridAccount) -> dict[str, int]:
    """Compare, repair and record the counts in `core.suppression_checks`; returns {imported, exported}.

    An address on a list that is not suppressed here is imported, unless the person resubscribed or we listed it. A
    suppression here that did not come from SendGrid and is on no list is exported, if the address is known; a person's
    unsubscribe wherever it came from. Raises what `call` raises. Idempotent.
    """
    listed = pa.Table.from_pylist(list(_listed(stores, account)), schema=_LISTED)
    with open_warehouse(stores.paths) as warehouse:
        copy_answers(warehouse, stores.ledger)
        _register(warehouse, stores, listed)
        materialize(warehouse, "suppression_entries", "collect", "suppression_entries")
        missing = fetch(warehouse, "collect", "suppression_entries_missing").to_pylist()
        imported = record_suppressions(stores.ledger, [_missing_here(row) for row in missing if not _is_ours(row)])
        absent = frozenset(row["address_key"] for row in missing if _is_ours(row))
        emails = emails_of(warehouse, stores, absent)
        run(warehouse, "collect", "suppression_checks_insert", {"at": clock.now()})
        for name in _VIEWS:
            warehouse.unregister(name)
    add_addresses(account, sorted(emails.values()), groups_in_use(stores.ledger))
    counts = {"imported": sum(imported.values()), "exported": len(emails)}
    log.info("suppressions at SendGrid and here: %s", counts)
    return counts


def _listed(stores: Stores, account: SendGridAccount) -> Iterator[Entry]:
    """Every entry of every list that is offered: bounces, blocks, invalid, spam reports, global and group unsubscribes."""
    secret = stores.secrets.address_key
    for name, reason in {**LISTS, BLOCKS: "blocked"}.items():
        try:
            for page in pages(account, name, None):
                yield from (_entry(name, entry) for row in page if (entry := suppression_of(row, reason, secret)))
        except NotOffered:
            log.info("the list %s is not offered", name)
    try:
        for group, rows in sync_groups.lists_in_use(stores.ledger, account):
            yield from (_group_entry(group, email, secret) for email in sync_groups.readable(rows))
    except NotOffered:
        log.info("unsubscribe groups are not offered")


def _entry(name: str, entry: Suppression) -> Entry:
    happened_at = datetime.fromtimestamp(entry.happened_at, UTC)
    return {"list": name, "reason": entry.reason, "address_key": entry.address_key, "happened_at": happened_at}


def _group_entry(group: int, email: str, secret: AddressSecret) -> Entry:
    """The list of a group has no times."""
    return {
        "list": f"group {group}",
        "reason": "unsubscribe",
        "address_key": address_key(secret, email),
        "happened_at": None,
    }


def _register(warehouse: duckdb.DuckDBPyConnection, stores: Stores, listed: pa.Table) -> None:
    with stores.ledger.read() as connection:
        here, _ = suppression_tables.in_force(connection)
        lifted = suppression_tables.lifts(connection)
        ours = _keys(withheld.listed_spans(connection).of_address)
        changes = opt_out_changes.changes_since(connection, exported_seq(stores.ledger))
        elsewhere = [{"address_key": key, "reason": why} for key, why, _ in opt_out_changes.known_elsewhere(connection)]
    back = _keys(sync_groups.resubscribed(stores.ledger))
    pending = _keys(changes.opted_out | changes.elsewhere | changes.bounced)
    tables = (listed, here, lifted, ours, back, pending, pa.Table.from_pylist(elsewhere, schema=_ELSEWHERE))
    for name, table in zip(_VIEWS, tables, strict=True):
        warehouse.register(name, table)


def _keys(keys: Iterable[str]) -> pa.Table:
    return pa.table({"address_key": pa.array(sorted(keys), pa.string())})


def _is_ours(row: Entry) -> bool:
    """Whether it is an entry of the ledger, not of a list."""
    return bool(row["list"].startswith("ledger"))


def _missing_here(row: Entry) -> Suppression:
    happened_at = row["happened_at"] or clock.now()
    source = sync_groups.SOURCE if row["list"].startswith("group ") else SOURCE
    return Suppression(row["address_key"], row["reason"], source, happened_at.timestamp())
