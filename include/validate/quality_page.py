"""The quality page: every rule with its result and history, as one self-contained HTML file without a value of anybody."""

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
ORDER = ("subscribers", "purchases", "activities", "segments", "sends", "events", "marts")
Row = dict[str, Any]
"""A row of a query for the template, which reads its columns by name."""


def write_quality_page(paths: DataPaths) -> str:
    """Write the page over all recorded validations; returns its path relative to the data folder."""
    with open_warehouse(paths) as connection:
        content = {name: _rows(connection, f"page_{name}") for name in ("runs", "rules", "reasons", "rows")}
    for rule in content["rules"]:
        rule |= _in_words(rule)
    for reason in content["reasons"]:
        reason |= _in_words({"rule": reason["reason"], "severity": "critical", "relation": reason["relation"]})
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = environment.get_template("quality_page.html.j2")
    page = template.render(
        written=clock.now().strftime("%Y-%m-%d %H:%M"), relations=_by_relation(content["rules"]),
        unused=_unused({rule["rule"] for rule in content["rules"]}), **content,
    )  # fmt: skip
    write_durably(paths.quality / PAGE, page.encode())
    return str((paths.quality / PAGE).relative_to(paths.root))


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
    rows: list[Row] = fetch(connection, "validate", name).to_pylist()
    return rows


def _by_relation(rules: list[Row]) -> list[tuple[str, list[Row]]]:
    """The rules of each relation and stage, in the order of the pipeline."""
    found = sorted({rule["relation"] for rule in rules}, key=lambda name: (ORDER.index(name) if name in ORDER else -1, name))
    return [(name, [rule for rule in rules if rule["relation"] == name]) for name in found]


def _unused(names: set[str]) -> list[Row]:
    """The rules of the catalogue without a result: their stage has not run yet, or the source lacks their relation."""
    unused = [(name, rule) for name, rule in catalogue.rules().items() if name not in names]
    return [{"rule": name, "severity": rule.severity, "meaning": rule.meaning} for name, rule in unused]


def _in_words(rule: Row) -> Row:
    """What is wrong where the rule is broken, what happens, and what to do. A rule of an older version has only its name."""
    known = catalogue.rules().get(rule["rule"])
    if known is None:
        return {"meaning": "A rule of an older version.", "effect": "", "remedy": ""}
    effect = catalogue.effect(rule["rule"], rule["severity"], rule["relation"])
    return {"meaning": known.meaning, "effect": effect, "remedy": known.remedy}
