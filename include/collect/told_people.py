"""Whose addresses SendGrid is told: a person is every address they ever had, and scheduled mail may be under any of them."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from include.core import clock
from include.ledger import consent, suppressions
from include.ledger.database import Ledger
from include.ledger.own_unsubscribes import Changes
from include.warehouse.connection import fetch
from include.warehouse.consent import replace_consent
from include.warehouse.suppressions import replace_suppressions

Keys = frozenset[str]


def of(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, changes: Changes) -> tuple[Keys, Keys]:
    """Address keys that go onto SendGrid's lists, and those that come off them: of everybody whom the changes are about.

    Who came back under one address while they stand as gone under another is gone (`people_as_of` says so). An address that
    the warehouse does not know is what its own change says.
    """
    wanted = changes.left | changes.known | changes.back
    if not wanted:
        return frozenset(), frozenset()
    refresh(warehouse, ledger)
    warehouse.register("requested_keys", pa.table({"address_key": sorted(wanted)}))
    rows = fetch(warehouse, "collect", "addresses_of_people", {"at": clock.now()}).to_pylist()
    gone = {row["address_key"] for row in rows if not row["wants_mail"]} - changes.known
    back = {row["address_key"] for row in rows if row["wants_mail"] and row["requested_key"] in changes.back}
    left = changes.left | gone
    return frozenset(left), frozenset(changes.back | back) - left


def refresh(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Copy what the ledger holds, which `people_as_of` judges by."""
    with ledger.read() as connection:
        table, _ = suppressions.in_force(connection)
        answers = consent.in_force(connection)
    replace_suppressions(warehouse, table)
    replace_consent(warehouse, answers)
