"""The rows of a person in the warehouse: in every table that can have some, read from the catalogue and not from a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from include.core.person import Person, address_pattern
from include.warehouse.connection import fetch

COPIES_OF_THE_LEDGER = frozenset({"core.suppressions", "core.consent_answers"})
"""Replaced from the ledger before each plan; they hold keyed hashes, which stay so that the person stays suppressed."""
_DELETED = ("core", "quality")
"""Schemas of which rows are deleted. In the others a pseudonym takes the place of ids and keys, since sums must hold."""


@dataclass(frozen=True)
class Table:
    """A table that can have rows of people. `keys` and `documents` are its columns with ids and with JSON."""

    schema: str
    name: str
    keys: tuple[str, ...]
    documents: tuple[str, ...]
    has_relation: bool

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        return f'"{self.schema}"."{self.name}"'

    @property
    def is_deleted(self) -> bool:
        """Whether rows are deleted: those of people, and documents, which no pseudonym can clean."""
        return self.schema in _DELETED or bool(self.documents)

    def condition(self) -> str:
        """The rows of the person, for parameters `ids`, `keys` and `pattern`. Identifiers come from the catalogue."""
        tests = [f'list_contains(${_PARAMETERS[key]}::varchar[], "{key}"::varchar)' for key in self.keys]
        if self.has_relation:
            tests = [f"({test} and \"relation\" = 'subscribers')" if "source_key" in test else test for test in tests]
        for column in self.documents:
            tests.append(f"list_contains($ids::varchar[], json_extract_string(\"{column}\", '$.subscriber_id'))")
            tests.append(f'regexp_matches(lower("{column}"::varchar), $pattern)')
        return " or ".join(tests)


_PARAMETERS = {"subscriber_id": "ids", "source_key": "ids", "address_key": "keys"}


def tables_with_people(warehouse: duckdb.DuckDBPyConnection) -> Iterator[Table]:
    """Every table with a column that can identify a person, apart from the copies of the ledger."""
    for row in fetch(warehouse, "privacy", "tables_with_people").to_pylist():
        keys, documents = tuple(row["keys"] or ()), tuple(row["documents"] or ())
        table = Table(row["schema_name"], row["table_name"], keys, documents, bool(row["has_relation"]))
        if str(table) not in COPIES_OF_THE_LEDGER:
            yield table


def rows(warehouse: duckdb.DuckDBPyConnection, table: Table, person: Person) -> pa.Table:
    """The person's rows of the table."""
    return warehouse.execute(_sql(f"select * from {table.quoted}", table), _bound(table, person)).to_arrow_table()


def count(warehouse: duckdb.DuckDBPyConnection, table: Table, person: Person) -> int:
    """How many rows of the table are the person's."""
    query = _sql(f"select count(*) from {table.quoted}", table)
    found = warehouse.execute(query, _bound(table, person)).fetchone()
    return int(found[0]) if found else 0


def erase(warehouse: duckdb.DuckDBPyConnection, table: Table, person: Person) -> None:
    """Delete the person's rows, or replace what identifies them by the pseudonym."""
    if table.is_deleted:
        warehouse.execute(_sql(f"delete from {table.quoted}", table), _bound(table, person))
        return
    changes = ", ".join(f'"{key}" = $pseudonym' for key in table.keys)
    bound = {**_bound(table, person), "pseudonym": person.pseudonym}
    warehouse.execute(_sql(f"update {table.quoted} set {changes}", table), bound)


def _sql(head: str, table: Table) -> str:
    return f"{head} where {table.condition()}"


def _bound(table: Table, person: Person) -> dict[str, Any]:
    """The parameters that the condition uses; DuckDB refuses others."""
    values = {"ids": list(person.subscriber_ids), "keys": list(person.address_keys), "pattern": address_pattern(person)}
    condition = table.condition()
    return {name: value for name, value in values.items() if f"${name}" in condition}
