"""hash64, by which people are drawn: the numbers of DuckDB's md5_number_lower, so that no upgrade draws anybody anew."""

from __future__ import annotations

import hashlib

from include.core.paths import DataPaths
from include.warehouse.connection import open_warehouse


def test_it_is_a_half_of_the_md5_as_duckdb_writes_it(paths: DataPaths) -> None:
    with open_warehouse(paths) as warehouse:
        texts = [f"autumn:s{number}" for number in range(1_000)]
        query = "select hash64(text), md5_number_lower(text) from (select unnest($texts) as text)"
        rows = warehouse.execute(query, {"texts": texts}).fetchall()
    assert [own for own, _ in rows] == [theirs for _, theirs in rows]
    assert rows[0][0] == int.from_bytes(hashlib.md5(texts[0].encode()).digest()[8:], "little"), "and of no DuckDB"
