"""Table rules: may the batch as a whole be believed?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd

from data_quality import batches
from data_quality.checks import STOP, Finding, check
from include.validate.landed import Landed
from include.warehouse.connection import fetch


@dataclass(frozen=True)
class Facts:
    """The batch in numbers; see include/sql/validate/<relation>_facts.sql."""

    raw_rows: int
    valid_rows: int
    quarantined_rows: int
    known_rows: int
    unseen_rows: int
    days_since_newest: int | None


def facts(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime) -> Facts:
    """Counted afresh from the landed files, the quarantine and the warehouse, none derived from another."""
    row = fetch(connection, "validate", f"{batch.relation}_facts", batch.params | {"now": now}).to_pylist()[0]
    return Facts(**row)


def judge(numbers: Facts, batch: Landed) -> list[Finding]:
    """What each table rule found."""
    shares_count = numbers.raw_rows >= batches.SHARE_FROM_ROWS
    known = numbers.known_rows
    row = {
        "raw_rows": numbers.raw_rows,
        "quarantined_share": numbers.quarantined_rows / numbers.raw_rows if shares_count else None,
        "share_of_known": numbers.raw_rows / known if known else None,
        "unseen_share": numbers.unseen_rows / known if known else None,
        "days_since_newest": numbers.days_since_newest,
    }
    return check(pd.DataFrame([row]).astype("Float64"), batches.suite(full=batch.full))


def stop_reason(findings: list[Finding], numbers: Facts, accept: Collection[str]) -> str | None:
    """Why the batch must stop, in a sentence with its numbers; None where it may go on."""
    stops = [finding for finding in findings if finding.severity == STOP and finding.reason not in accept]
    broken = [finding.reason for finding in stops if not finding.success]
    if not broken:
        return None
    return (
        f"{', '.join(broken)}: {numbers.raw_rows} rows landed, {numbers.quarantined_rows} of them quarantined; "
        f"the warehouse holds {numbers.known_rows}, of which {numbers.unseen_rows} are not in the batch"
    )
