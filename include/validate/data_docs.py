"""The quality page: what validation found, as one HTML file without anything from outside and no value of a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data_quality.batches import TABLE_RULES
from include.core import clock
from include.core.durable import write_durably
from include.core.paths import DataPaths
from include.warehouse.connection import fetch, open_warehouse

PAGE = "latest.html"


def write_page(paths: DataPaths) -> str:
    """Write the page over all recorded validations; returns its path relative to the data folder."""
    with open_warehouse(paths) as connection:
        content = {name: _rows(connection, f"page_{name}") for name in ("runs", "rules", "reasons", "rows")}
    for rule in content["rules"]:
        rule["leads_to"] = _consequence(rule)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("data_docs.html.j2").render(written=clock.now().strftime("%Y-%m-%d %H:%M"), **content)
    write_durably(paths.quality / PAGE, page.encode())
    return str((paths.quality / PAGE).relative_to(paths.root))


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    return fetch(connection, "validate", name).to_pylist()


def _consequence(rule: dict[str, Any]) -> str:
    """What a broken rule leads to, in a word."""
    if rule["rule"] == "deletions":
        return "held deletions"
    if rule["severity"] == "warning":
        return "a warning"
    return "a stop" if rule["rule"] in TABLE_RULES else "quarantine"
