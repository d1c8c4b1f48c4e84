"""SQL cases: a folder contains the input rows, the parameters and the expected rows.

    tests/sql/<stage>/<sql name>/<case>/      the SQL's name may hold a subfolder: definitions/lapsing_customers
        <schema>.<table>.yaml                 rows of a table, as a list of mappings (YAML anchors and `<<:` work)
        <name>.parquet.yaml                   rows of <name>.parquet; parameters refer to it as '{folder}/<name>.parquet'
        setup.sql                             statements to run first that are in no SQL file: attach, comment on
        before.yaml                           SQL files to run first, with the same parameters: [segment/features]
        params.yaml                           the parameters of the SQL file; timestamps unquoted (2026-11-24 06:00:00Z)
        expect.yaml                           a list: the rows of a query; a mapping `relation: rows`: what tables hold
                                              after it, or views and table macros: people_as_of('2026-11-24'::timestamptz);
                                              `in_order: rows`: those of a query whose order matters

Columns that an input row does not name are null (or the table's default), so NOT NULL columns must be named. A table that
the warehouse does not have is created with the types of its values; one that takes the place of a view has its columns.
Only the columns that the expected rows name are compared, in any order of rows; numbers to six decimals, times as
instants. A segment that reads other segments is built with them; people without a row of segment.features are in no
segment.

The functions that Python brings to DuckDB (include/validate/sql_functions.py) stand in as SQL, without a secret: the key of
an address is the address in small letters.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pyarrow.parquet
import yaml

from include.core import sqlfile
from include.core.paths import SEGMENTS, SQL
from include.core.segment_name import SegmentName, settle
from include.core.yaml_file import SafeLoader
from include.segment.catalogue import read_catalogue, with_bases
from include.segment.definition import AS_OF, read_definition
from include.segment.members import select_members
from include.warehouse.connection import configure, prepare
from tests.built import run_statement
from tests.stored_view import store

CASES = Path(__file__).parent
ADDRESS_FUNCTIONS = """
create temp macro mailable_address(email) as lower(trim(email));
create temp macro keyed_address(email) as lower(trim(email));
"""
Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case folder and its SQL file."""

    folder: Path
    stage: str
    name: str

    def __str__(self) -> str:
        return f"{self.stage}/{self.name}/{self.folder.name}"


def discover(root: Path = CASES) -> list[Case]:
    """Every folder with an expect.yaml, sorted."""
    places = [path.parent.relative_to(root).parts for path in sorted(root.rglob("expect.yaml"))]
    return [Case(root.joinpath(*parts), parts[0], "/".join(parts[1:-1])) for parts in places]


def differences(case: Case, scratch: Path) -> list[str]:
    """Run a case in an empty in-memory warehouse; returns the differences from expect.yaml, one per line."""
    setup_file = case.folder / "setup.sql"
    setup = setup_file.read_text(encoding="utf-8") if setup_file.is_file() else ""
    with _own_warehouse() if _is_alone(case, setup) else _rolled_back(_shared_warehouse()) as connection:
        if setup:
            connection.execute(setup)
        params = _params(case, scratch)
        for path in sorted(case.folder.glob("*.yaml")):
            _load(connection, path, scratch)
        for earlier in _read(case.folder / "before.yaml") or []:
            stage, name = earlier.split("/", 1)
            run_statement(connection, stage, name, params)
        expected = _read(case.folder / "expect.yaml")
        result = _members(connection, case, params) or run_statement(connection, case.stage, case.name, params)
        if isinstance(expected, list):
            return _compare("the query", result, expected)
        if "in_order" in expected:
            return _compare("the query", result, expected["in_order"], in_order=True)
        return [line for table, rows in expected.items() for line in _compare(table, connection.sql(f"from {table}"), rows)]


def _is_alone(case: Case, setup: str) -> bool:
    """Whether a transaction would change the result: it writes to one database only, and its own rows have other row ids."""
    return "attach" in setup or "rowid" in sqlfile.load(case.stage, case.name).statement


def _own_warehouse() -> duckdb.DuckDBPyConnection:
    """An empty warehouse in memory."""
    connection = duckdb.connect()
    configure(connection)
    prepare(connection)
    connection.execute(ADDRESS_FUNCTIONS)
    return connection


@cache
def _shared_warehouse() -> duckdb.DuckDBPyConnection:
    """The warehouse of all cases that are not alone: the migrations take longer than most of them."""
    return _own_warehouse()


@contextmanager
def _rolled_back(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A transaction whose tables and rows, also temporary ones, are gone after the block."""
    connection.begin()
    try:
        yield connection
    finally:
        connection.rollback()


def _members(connection: duckdb.DuckDBPyConnection, case: Case, params: Row) -> duckdb.DuckDBPyConnection | None:
    """The members of a segment that reads other segments: all of them are built. None for any other SQL file."""
    path = SQL / case.stage / f"{case.name}.sql"
    if path.parent != SEGMENTS or not (definition := read_definition(path)).reads:
        return None
    name = settle(SegmentName(path.stem, {key: value for key, value in params.items() if key != AS_OF}), definition.defaults)
    catalogue = with_bases(read_catalogue(chosen=[name]), {str(name)})
    _, broken = select_members(connection, catalogue, params.get(AS_OF, datetime.now(UTC)), seconds=60)
    assert not broken, broken
    query = "select subscriber_id from temp.selected_membership where segment = $segment"
    return connection.execute(query, {"segment": str(name)})


def _read(path: Path) -> Any:
    if not path.is_file():
        return None
    return yaml.load(path.read_text(encoding="utf-8"), SafeLoader)


def _params(case: Case, scratch: Path) -> Row:
    params: Row = _read(case.folder / "params.yaml") or {}
    unknown = set(params) - set(sqlfile.load(case.stage, case.name).params)
    if unknown and not (case.folder / "before.yaml").is_file():
        raise AssertionError(f"{case}: params.yaml names {sorted(unknown)}, which the SQL file does not declare")
    return {name: _bound(value, scratch) for name, value in params.items()}


def _bound(value: Any, scratch: Path) -> Any:
    if isinstance(value, str):
        return value.replace("{folder}", str(scratch))
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, dict):
        return {name: _bound(item, scratch) for name, item in value.items()}
    return [_bound(item, scratch) for item in value] if isinstance(value, list) else value


def _load(connection: duckdb.DuckDBPyConnection, path: Path, scratch: Path) -> None:
    """Insert the rows into one table, or write one Parquet file."""
    if path.name.count(".") != 2:
        return
    rows = _read(path) or []
    left, right = path.stem.split(".")
    if _exists(connection, left, right, "view"):
        store(connection, f"{left}.{right}")
    if right == "parquet":
        pa.parquet.write_table(_arrow(rows, scratch), scratch / f"{left}.parquet")
    elif not _exists(connection, left, right):
        connection.register("case_rows", _arrow(rows, scratch))
        connection.execute(f'create schema if not exists "{left}"')
        connection.execute(f'create table "{left}"."{right}" as from case_rows')
    else:
        for row in rows:
            names, placeholders = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
            values = [json.dumps(value) if isinstance(value, dict) else _bound(value, scratch) for value in row.values()]
            try:
                connection.execute(f'insert into "{left}"."{right}" ({names}) values ({placeholders})', values)
            except duckdb.Error as error:
                raise AssertionError(f"{path}: row {row} does not fit the table: {error}") from None


def _exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str, kind: str = "table") -> bool:
    query = f"select count(*) from duckdb_{kind}s() where schema_name = ? and {kind}_name = ?"
    return bool(connection.execute(query, [schema, table]).fetchone()[0])  # type: ignore[index]


def _arrow(rows: list[Row], scratch: Path) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.Table.from_pylist([{name: _bound(row.get(name), scratch) for name in names} for row in rows])


def _compare(what: str, result: Any, expected: list[Row], *, in_order: bool = False) -> list[str]:
    """Expected rows against the rows of a relation or cursor, over the columns that the expected rows name."""
    table = result.to_arrow_table()
    columns, found = table.column_names, table.to_pylist()
    named = list(dict.fromkeys(name for row in expected for name in row))
    if absent := [name for name in named if name not in columns]:
        return [f"{what} has no column {', '.join(absent)}; it has {', '.join(columns)}"]
    timed = {name for name in named if any(isinstance(row[name], date) for row in found)}
    wanted = [_line(row, named, timed) for row in expected]
    actual = [_line(row, named, timed) if named else str(row) for row in found]
    missing = [f"{what} lacks the row  {line}" for line in (Counter(wanted) - Counter(actual)).elements()]
    surplus = [f"{what} should not have {line}" for line in (Counter(actual) - Counter(wanted)).elements()]
    if in_order and not missing + surplus and wanted != actual:
        return [f"{what} has the rows in another order:", *actual]
    return sorted(missing) + sorted(surplus)


def _line(row: Row, names: list[str], timed: set[str]) -> str:
    return ", ".join(f"{name}: {json.dumps(_plain(row.get(name), name in timed))}" for name in names)


def _plain(value: Any, timed: bool) -> Any:
    """The value in a normal form, for comparison."""
    if isinstance(value, str) and timed:
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat()
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return round(float(value), 6)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item, timed) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, timed) for key, item in value.items()}
    return value
