"""Row rules over a landed batch, in pieces of bounded size."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa

from data_quality import purchases, subscribers
from data_quality.addresses import faults
from data_quality.checks import Finding, check
from include.validate.landed import Landed
from include.warehouse.connection import run

BATCH_ROWS = 200_000
SUITES = {"subscribers": subscribers.suite, "purchases": purchases.suite}
log = logging.getLogger(__name__)


def judge(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime) -> list[Finding]:
    """What each row rule found in the whole batch."""
    suite = SUITES[batch.relation](now)
    found: dict[str, list[Finding]] = defaultdict(list)
    done = 0
    for frame in _frames(connection, batch, now):
        for finding in check(frame, suite):
            found[finding.reason].append(finding)
        done += len(frame)
        log.info("judged %d of %d rows of %s", done, batch.rows, batch.relation)
    return [_together(pieces) for pieces in found.values()]


def _together(pieces: list[Finding]) -> Finding:
    rows = tuple(row for piece in pieces for row in piece.rows)
    return replace(pieces[0], checked=sum(piece.checked for piece in pieces), rows=rows)


def _frames(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime) -> Iterator[pd.DataFrame]:
    """The measures of each piece, with the row number as index; of an address only its fault is left."""
    reader = run(connection, "validate", f"{batch.relation}_measures", batch.params | {"now": now})
    for piece in reader.to_arrow_reader(BATCH_ROWS):
        table = pa.Table.from_batches([piece])
        if "email" in table.column_names:
            table = table.append_column("address_fault", faults(piece["email"])).drop_columns("email")
        frame = table.to_pandas(types_mapper=pd.ArrowDtype).set_index("row_number")
        frame.index.name = None
        yield frame
