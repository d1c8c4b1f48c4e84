"""How the source's columns differ from those of its last accepted batch, in sentences: new, missing, of another type.

A change stops the batch where it would go unnoticed or do harm: ids that look different make every person a new one, amounts
without decimals may be cents, and a name that is a number greets people with it. Everything else is a warning, because other
rules quarantine what cannot be read.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from include.validate.landed_batch import LandedBatch
from include.warehouse.connection import fetch

MIN_ROWS, MAX_SHARE = 20, 0.1
"""A column is retyped where so many values had a shape, and at most this share of them has it now."""
_STOPPING = frozenset({"subscriber_id", "purchase_id", "activity_id", "amount", "first_name", "last_name"})


@dataclass(frozen=True)
class SchemaDrift:
    """Sentences about retyped columns that stop the batch, and about changes that are warnings."""

    retyped: tuple[str, ...]
    changed: tuple[str, ...]


def schema_drift(connection: duckdb.DuckDBPyConnection, batch: LandedBatch) -> SchemaDrift:
    """Compare the batch, as recorded in quality.source_columns and quality.shapes, with the last accepted one."""
    limits = {"min_rows": MIN_ROWS, "max_share": MAX_SHARE}
    shapes = _rows(connection, "columns_retyped", batch.params | limits)
    columns = _rows(connection, "source_columns_changed", batch.params)
    stopping = [row for row in shapes if row["column_name"] in _STOPPING]
    harmless = [row for row in shapes if row["column_name"] not in _STOPPING]
    known = {row["column_name"] for row in shapes}
    changed = [*map(_shape_sentence, harmless), *_column_sentences(batch, columns, known)]
    return SchemaDrift(tuple(map(_shape_sentence, stopping)), tuple(changed))


def _shape_sentence(row: dict[str, Any]) -> str:
    sentence = (
        f"{row['column_name']}: {row['share_before']:.0%} of the values were {row['shape_before']} and "
        f"{row['share_now']:.0%} are now; most are {row['shape_now']}"
    )
    if row["column_name"] == "amount" and row["shape_now"] == "whole numbers":
        return f"{sentence} (are they cents now?)"
    return sentence


def _column_sentences(batch: LandedBatch, changes: list[dict[str, Any]], retyped: set[str]) -> Iterator[str]:
    """A sentence for each changed column, except where the shape of its values says it already."""
    new = [row["column_name"] for row in changes if row["type_before"] is None]
    for row in changes:
        name = row["column_name"]
        if row["type_before"] is None:
            yield _new_sentence(batch, name, row["type_now"])
        elif row["type_now"] is None:
            renamed = difflib.get_close_matches(name, new, 1, 0.6)
            question = f"; was it renamed to {renamed[0]}?" if renamed else ""
            yield f"the column {name} is no longer in the source{question}"
        elif name not in retyped and row["type_before"] and row["type_now"]:
            yield f"the type of the column {name} was {row['type_before']} and is {row['type_now']}"


def _new_sentence(batch: LandedBatch, name: str, kind: str) -> str:
    described = f"the source has a new column, {name}{f' ({kind})' if kind else ''}"
    if name.lower() in batch.columns:
        return f"{described}; its values are read from now on, with each row that changes"
    return f"{described}, which is not read; map it in {batch.relation}.sql if it is needed"


def _rows(connection: duckdb.DuckDBPyConnection, name: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = fetch(connection, "validate", name, params).to_pylist()
    return rows
