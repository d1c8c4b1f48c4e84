"""The warehouse's copy of the ledger's consent answers."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from include.warehouse.connection import replace_table, transaction


def replace_consent(warehouse: duckdb.DuckDBPyConnection, in_force: pa.Table) -> None:
    """Replace `core.consent_answers` by `in_force`, an Arrow table from `include.ledger.consent`."""
    warehouse.register("consent_in_force", in_force)
    with transaction(warehouse):
        replace_table(warehouse, "core.consent_answers", "ledger", "consent_insert")
    warehouse.unregister("consent_in_force")
