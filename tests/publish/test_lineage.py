"""The query in the comment of a mart gives as many rows as its number says, for each row of the mart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import yaml

from include.analyze.marts import COMMENTS
from include.core.paths import DataPaths

LINEAGE: dict[str, Any] = {
    table: texts["rows"] for table, texts in yaml.safe_load(COMMENTS.read_text()).items() if "rows" in texts
}
EMPTY = {"journeys", "journey_performance"}
"""Marts without rows in the small shop, which has no journeys."""


@pytest.fixture(scope="module")
def marts(small_shop: DataPaths) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(small_shop.published / "analytics.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'America/New_York'")  # An analyst's: days are UTC whatever it is.
        yield connection


@pytest.mark.parametrize("mart", LINEAGE)
def test_the_query_gives_the_rows_behind_the_number(marts: duckdb.DuckDBPyConnection, mart: str) -> None:
    rows = LINEAGE[mart]
    found = (
        marts.execute(f"from marts.{mart} where {rows.get('of', 'true')} order by {rows['number']} desc limit 40")
        .to_arrow_table()
        .to_pylist()
    )
    assert found or mart in EMPTY
    named = duckdb.extract_statements(rows["sql"])[0].named_parameters
    numbers = {}
    for row in found:
        behind = marts.execute(f"select count(*) from ({rows['sql']})", {name: row[name] for name in named}).fetchall()[0][0]
        numbers[tuple(row[name] for name in named)] = (behind, row[rows["number"]])
    assert {key: pair for key, pair in numbers.items() if pair[0] != pair[1]} == {}
    assert sum(number for _, number in numbers.values()) > 0 or mart in EMPTY


@pytest.mark.parametrize("mart", LINEAGE)
def test_the_comment_has_the_query(marts: duckdb.DuckDBPyConnection, mart: str) -> None:
    query = "select comment from duckdb_tables() where schema_name = 'marts' and table_name = ?"
    comment = marts.execute(query, [mart]).fetchall()[0][0]
    assert f"Rows behind {LINEAGE[mart]['number']}" in comment
    assert " ".join(LINEAGE[mart]["sql"].split()) in comment
