"""The counts that experiments are computed from, built as a whole."""

from __future__ import annotations

from datetime import datetime

import duckdb

from include.analyze.experiments import WINDOWS
from tests.built import run_statement


def count(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """Build the counts of variants and of purchases."""
    for name in ("plan_states", "variant_message_counts", "purchase_outcomes"):
        run_statement(connection, "analyze", name, {"as_of": as_of, **WINDOWS})
