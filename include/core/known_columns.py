"""The tables, columns and values that marketers may name, from `include/sql/segment/columns.yaml`."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import Field, RootModel

from include.core import places, yaml_file
from include.core.paths import SQL
from include.core.suggestion import closest
from include.core.yaml_file import StrictModel

FILE = SQL / "segment" / "columns.yaml"
_LISTS = {
    "country_codes": "Its values are ISO 3166-1 codes of two letters, such as DE or GB.",
    "time_zones": "Its values are IANA names, such as Europe/Berlin.",
}


class Table(StrictModel):
    """A table, the meaning of its columns, and what some of them can hold."""

    table: str
    columns: dict[str, str]
    values: dict[str, tuple[str, ...] | Literal["country_codes", "time_zones"]] = Field(default_factory=dict)
    range: dict[str, Annotated[tuple[int, ...], Field(min_length=1, max_length=2)]] = Field(default_factory=dict)
    lower_case: tuple[str, ...] = ()

    def known_values(self, column: str) -> frozenset[str]:
        """The values that a column can hold; empty if they are not known."""
        values = self.values.get(column, ())
        if isinstance(values, str):
            return places.country_codes() if values == "country_codes" else places.time_zones()
        return frozenset(values)

    def never(
        self, column: str, value: str, *, shown: str = "", known: frozenset[str] = frozenset()
    ) -> tuple[str, str] | None:
        """What is wrong with comparing a column to a value that it never has, and the remedy; None if it may have it.

        `shown` and `known` are those of a function of the column: its words, and its values.
        """
        known = known or self.known_values(column)
        if not known or value in known:
            return None
        near = closest(value, known)
        listed = self.listed(column, known)
        return f"{shown or column} is never '{value[:60]}'.", f"Did you mean '{near}'? {listed}" if near else listed

    def listed(self, column: str, known: frozenset[str]) -> str:
        """The known values of a column in words."""
        return f"Its values: {', '.join(sorted(known))}." if len(known) <= 20 else _LISTS[str(self.values[column])]


class _File(RootModel[dict[str, Table]]):
    pass


@cache
def tables() -> dict[str, Table]:
    """Every table that a query may read, by `schema.table`."""
    return yaml_file.read(FILE, _File, example="its own comment").root
