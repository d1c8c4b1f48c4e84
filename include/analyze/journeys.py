"""The people of journeys for the marts, streamed from the ledger, and the picture of each journey."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, Select, select

from include.core.journey_picture import Numbers, draw
from include.core.journey_version import pinned
from include.ledger import journeys
from include.ledger.database import Ledger
from include.ledger.tables import journey_entries, journey_steps
from include.warehouse.connection import run

_BATCH = 10_000
_TEXT, _NUMBER = pa.string(), pa.float64()
_ENTRIES = {
    "entry_id": _TEXT, "journey": _TEXT, "version": _TEXT, "subscriber_id": _TEXT, "triggered_at": _NUMBER,
    "entered_at": _NUMBER, "state": _TEXT, "reason": _TEXT, "step": _TEXT, "due_at": _NUMBER,
}  # fmt: skip
_STEPS = {
    "entry_id": _TEXT, "step": _TEXT, "outcome": _TEXT, "passed_at": _NUMBER, "plan_id": _TEXT, "message_key": _TEXT,
}  # fmt: skip
_JOURNEYS = pa.schema(
    [
        *((name, _TEXT) for name in ("journey", "title", "version", "state")),
        ("is_current", pa.bool_()),
        *((name, pa.int64()) for name in ("inside", "finished", "goal", "left_early", "cancelled")),
        ("picture", _TEXT),
    ]
)


def build_journeys(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Build marts.journeys, journey_entries, journey_steps and, from the campaign report, journey_performance."""
    _build(connection, "journeys", pa.Table.from_pylist(list(_journey_rows(ledger)), schema=_JOURNEYS))
    with ledger.read() as reading:
        for name, table, columns in (
            ("journey_entries", journey_entries, _ENTRIES), ("journey_steps", journey_steps, _STEPS),
        ):  # fmt: skip
            query = select(*(table.c[column] for column in columns))
            schema = pa.schema(list(columns.items()))
            _build(connection, name, pa.RecordBatchReader.from_batches(schema, _batches(reading, query, schema)))
    run(connection, "analyze", "journey_performance")


def _build(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table | pa.RecordBatchReader) -> None:
    connection.register(f"ledger_{name}", rows)
    run(connection, "analyze", name)
    connection.unregister(f"ledger_{name}")


def _batches(reading: Connection, query: Select[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a query in batches, so that few are in memory."""
    for part in reading.execute(query.execution_options(yield_per=_BATCH)).partitions():
        columns = zip(*part, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _journey_rows(ledger: Ledger) -> Iterator[dict[str, Any]]:
    """One row per journey and version that people enter in or are inside of, with its picture."""
    for state in journeys.states(ledger).values():
        counted = journeys.counts(ledger, state.journey)
        for version in sorted({state.version, *(step.version for step in counted.steps if step.at), *counted.out}):
            journey = pinned(journeys.definition_of(ledger, state.journey, version)).journey
            steps = [step for step in counted.steps if step.version == version]
            out = counted.out.get(version, {})
            numbers = Numbers({step.step: step.at for step in steps}, {step.step: step.passed for step in steps}, out)
            yield {
                "journey": state.journey, "title": journey.name, "version": version, "state": state.state,
                "is_current": version == state.version, "inside": sum(step.at for step in steps),
                **{name: out.get(name, 0) for name in ("finished", "goal", "cancelled")}, "left_early": out.get("left", 0),
                "picture": draw(journey, version, state.state, numbers),
            }  # fmt: skip
