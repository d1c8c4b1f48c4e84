"""Comments on tables and columns, from `comments.yaml` of analyze (its head says what is in it) and of publish."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import yaml

from include.core.errors import ConfigurationError
from include.core.paths import PROJECT
from include.core.yaml_file import SafeLoader

ROWS = "Rows behind "
"""Before the number, a colon and the query in the comment of a table that counts."""


def apply_comments(connection: duckdb.DuckDBPyConnection, schema: str, file: Path) -> None:
    """Comment the tables and columns of `schema`, an identifier, as the file says: {table: {table, columns: {name: text}}}.

    Raises `ConfigurationError` where the file names a table or column that does not exist.
    """
    for statement in _statements(schema, file):
        try:
            connection.execute(statement)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            where = file.relative_to(PROJECT) if file.is_relative_to(PROJECT) else file.name
            raise ConfigurationError(str(error).splitlines()[0], where=str(where), remedy="Fix the name.") from None


def _statements(schema: str, file: Path) -> Iterator[str]:
    """COMMENT takes no parameters, so names and texts are quoted here (SQL doubles the quote)."""
    for table, texts in yaml.load(file.read_text(encoding="utf-8"), Loader=SafeLoader).items():  # noqa: S506  (a safe loader)
        yield f"comment on table {schema}.{_name(table)} is {_text(_table_text(texts))}"
        for column, meaning in texts["columns"].items():
            yield f"comment on column {schema}.{_name(table)}.{_name(column)} is {_text(meaning)}"


def _table_text(texts: Mapping[str, Any]) -> str:
    """What the table is; of one that counts also the query for the rows behind one of its numbers."""
    if "rows" not in texts:
        return str(texts["table"])
    rows = texts["rows"]
    where = f" where {rows['of']}" if "of" in rows else ""
    return f"{texts['table']} {ROWS}{rows['number']}{where}: {rows['sql']}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"
