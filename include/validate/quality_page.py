"""The quality page: validation results as one self-contained HTML file that shows no value of any subscriber."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data_quality import catalogue
from include.core import clock
from include.core.durable import write_durably
from include.core.paths import DataPaths
from include.warehouse.connection import fetch, open_warehouse

PAGE = "latest.html"
Row = dict[str, Any]
"""A row of a query for the template, which reads its columns by name."""


def write_quality_page(paths: DataPaths) -> str:
    """Write the page over all recorded validations; returns its path relative to the data folder."""
    with open_warehouse(paths) as connection:
        content = {name: _rows(connection, f"page_{name}") for name in ("runs", "rules", "reasons", "rows")}
    for rule in content["rules"]:
        rule |= _in_words(rule)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = environment.get_template("quality_page.html.j2")
    page = template.render(written=clock.now().strftime("%Y-%m-%d %H:%M"), **content)
    write_durably(paths.quality / PAGE, page.encode())
    return str((paths.quality / PAGE).relative_to(paths.root))


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
    rows: list[Row] = fetch(connection, "validate", name).to_pylist()
    return rows


def _in_words(rule: Row) -> Row:
    """What is wrong where the rule is broken, what happens, and what to do. A rule of an older version has only its name."""
    known = catalogue.rules().get(rule["rule"])
    if known is None:
        return {"meaning": "A rule of an older version.", "effect": "", "remedy": ""}
    effect = catalogue.effect(rule["rule"], rule["severity"], rule["relation"])
    return {"meaning": known.meaning, "effect": effect, "remedy": known.remedy}
