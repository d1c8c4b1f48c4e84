"""The warehouse's copy of the ledger's suppressions."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from include.warehouse.connection import replace_table, transaction


def replace_suppressions(warehouse: duckdb.DuckDBPyConnection, in_force: pa.Table) -> None:
    """Replace `core.suppressions` by `in_force`, an Arrow table from `include.ledger.suppressions`."""
    warehouse.register("suppressions_in_force", in_force)
    with transaction(warehouse):
        replace_table(warehouse, "core.suppressions", "ledger", "suppressions_insert")
    warehouse.unregister("suppressions_in_force")
