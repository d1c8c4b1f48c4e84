"""Sum checks: each file in `include/sql/analyze/checks/` compares two counts; the run fails if a required one differs."""

from __future__ import annotations

import logging

import duckdb
import pyarrow as pa

from include.core import sqlfile
from include.core.errors import ConservationBroken
from include.core.paths import DataPaths
from include.warehouse.connection import fetch, open_warehouse, run

logger = logging.getLogger(__name__)


def build_reconciliation(connection: duckdb.DuckDBPyConnection, ledger_tallies: pa.Table) -> None:
    """Evaluate every check within the open transaction and replace marts.reconciliation.

    `ledger_tallies`: the counts of the ledger, from `ledger_facts.tallies`.
    """
    connection.register("ledger_tallies", ledger_tallies)
    rows = pa.concat_tables(
        [
            _with_check_name(file.name, fetch(connection, "analyze/checks", file.name))
            for file in sqlfile.folder("analyze/checks")
        ],
        promote_options="permissive",
    )
    connection.register("check_rows", rows)
    run(connection, "analyze", "reconciliation")
    for name in ("check_rows", "ledger_tallies"):
        connection.unregister(name)


def check_sums(paths: DataPaths) -> dict[str, bool]:
    """Whether each check held when the marts were built: {check: holds}.

    Reads marts.reconciliation, which `build_marts` wrote in the same transaction as the marts, and does not count again:
    rows that have arrived since would look like a broken sum. Raises `ConservationBroken` with the names of the required
    checks that do not hold, or if there are no marts yet.
    """
    with open_warehouse(paths) as connection:
        try:
            checks = fetch(connection, "analyze", "checks_failed").to_pylist()
        except duckdb.CatalogException:
            checks = []
    if not checks:
        raise ConservationBroken("no sum has been checked.", where="marts.reconciliation", remedy="Run build_marts first.")
    broken = [check for check in checks if check["broken"]]
    if broken:
        raise ConservationBroken(
            "; ".join(_sentence(check) for check in broken) + ".",
            where="marts.reconciliation",
            remedy="Select the rows where must_hold and not holds, and find the people who are missing or counted twice.",
        )
    return {check["check_name"]: check["holds"] for check in checks}


def _with_check_name(check: str, rows: pa.Table) -> pa.Table:
    return rows.append_column("check_name", pa.array([check] * rows.num_rows, pa.string()))


def _sentence(check: dict[str, object]) -> str:
    first = f"{check['first_scope']}, difference {check['first_difference']}"
    places = "place" if check["broken"] == 1 else "places"
    return f"{check['check_name']} does not hold in {check['broken']} {places} (first: {first})"
