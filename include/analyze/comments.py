"""The words on every table and column of the marts, from `include/sql/analyze/comments.yaml`."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import yaml

from include.core.errors import ConfigurationError
from include.core.paths import SQL

COMMENTS = SQL / "analyze" / "comments.yaml"


def apply_comments(connection: duckdb.DuckDBPyConnection) -> None:
    """Comment every mart. Raises `ConfigurationError` where the file speaks of a table or column that is not there."""
    for statement in _statements():
        try:
            connection.execute(statement)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise ConfigurationError(
                str(error).splitlines()[0], where="include/sql/analyze/comments.yaml", remedy="Mend the name."
            ) from None


def _statements() -> Iterator[str]:
    """COMMENT takes no parameters, so names and words are quoted here (SQL doubles the quote)."""
    for table, words in yaml.safe_load(COMMENTS.read_text(encoding="utf-8")).items():
        yield f"comment on table marts.{_name(table)} is {_text(words['table'])}"
        for column, meaning in words["columns"].items():
            yield f"comment on column marts.{_name(table)}.{_name(column)} is {_text(meaning)}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"
