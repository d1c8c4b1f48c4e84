"""Charts of the console: a Vega-Lite spec with its rows, a sentence, and a table of the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from include.publish import formats
from include.publish.console import specs
from include.publish.console.blocks import Chart, Column, Kind, Row, Table


@dataclass(frozen=True)
class Axis:
    """A field of the rows that is drawn, its title, and how its values are written."""

    field: str
    title: str
    kind: Kind = "count"

    def write(self, value: float | None) -> str:
        """A value, for a sentence."""
        return {"percent": formats.percent, "decimal": formats.decimal}.get(self.kind, formats.count)(value)

    @property
    def column(self) -> Column:
        """The same field in the table."""
        return Column(self.field, self.title, self.kind)


def trend(
    title: str, rows: Sequence[Row], x: Axis, y: Axis, series: Axis | None = None, table: Table | None = None
) -> Chart:
    """Lines over time. `x` is of kind `day` or `time` (UTC), or a number. `table` replaces the one with a row per point."""
    drawn = [
        {"x": _iso(row[x.field]), "y": _number(row[y.field]), "series": row[series.field] if series else y.title}
        for row in rows
        if row[y.field] is not None
    ]
    names = tuple(dict.fromkeys(str(row["series"]) for row in drawn)) if series else ()
    spec = specs.trend(x.title, x.kind, y.title, y.kind, names)
    columns = [x.column, *([series.column] if series else []), y.column]
    made = _made(title, _extremes(rows, y, x), spec, drawn, Table(title, columns, rows))
    return replace(made, table=table) if table else made


def bars(
    title: str,
    rows: Sequence[Row],
    label: Axis,
    value: Axis,
    *,
    limits: Sequence[float] = (),
    before: Axis | None = None,
    more: Sequence[Column] = (),
) -> Chart:
    """Bars from top to bottom, in the order of the rows.

    `limits` are lines at which the sender warns and stops; `before` is a tick on each bar; `more` columns of the table only.
    """
    drawn = [
        {"label": str(row[label.field]), "value": _number(row[value.field]), "before": before and _number(row[before.field])}
        for row in rows
    ]
    spec = specs.bars(value.title, value.kind, tuple(limits), before is not None)
    columns = [label.column, value.column, *([before.column] if before else []), *more]
    return _made(title, _extremes(rows, value, label), spec, drawn, Table(title, columns, rows))


def intervals(title: str, rows: Sequence[Row], label: Axis, middle: Axis, low: str, high: str) -> Chart:
    """Differences with their intervals and a line at zero; one that excludes zero has the full colour."""
    ends = {"middle": middle.field, "low": low, "high": high}
    drawn = [
        {
            "label": str(row[label.field]),
            "sure": row[low] * row[high] > 0,
            **{name: _number(row[field]) for name, field in ends.items()},
        }
        for row in rows
    ]
    summary = f"{len(drawn)} comparisons; the interval of {sum(row['sure'] for row in drawn)} excludes zero."
    columns = [label.column, middle.column, Column(low, "from", middle.kind), Column(high, "to", middle.kind)]
    spec = specs.intervals(middle.title, middle.kind)
    return _made(title, summary, spec, drawn, Table(title, columns, rows))


def heat(title: str, rows: Sequence[Row], across: Axis, down: Axis, value: Axis) -> Chart:
    """A grid whose fields are deeper in colour the larger the value is."""
    drawn = [{"across": row[across.field], "down": row[down.field], "value": _number(row[value.field])} for row in rows]
    spec = specs.heat(across.title, value.title, value.kind)
    columns = [down.column, across.column, value.column]
    return _made(title, _extremes(rows, value, down), spec, drawn, Table(title, columns, rows))


def _made(title: str, summary: str, spec: specs.Spec, drawn: Sequence[Row], table: Table) -> Chart:
    return Chart(title, summary, {**spec, "datasets": {"rows": list(drawn)}}, table)


def _extremes(rows: Sequence[Row], value: Axis, of: Axis) -> str:
    """The sentence that stands for a chart: the smallest and the largest value with their places, and how many there are."""
    known = [row for row in rows if row[value.field] is not None]
    if not known:
        return "There are no values."
    high, low = max(known, key=lambda row: row[value.field]), min(known, key=lambda row: row[value.field])
    lowest, highest = (f"{value.write(row[value.field])} ({_word(row[of.field])})" for row in (low, high))
    return f"{value.title.capitalize()}: from {lowest} to {highest}, {len(known)} values."


def _word(value: Any) -> str:
    return value.strftime("%d %b %Y") if hasattr(value, "strftime") else str(value)


def _iso(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _number(value: Any) -> float | int | None:
    """A number that JSON has: DECIMAL comes from DuckDB as Decimal."""
    return value if value is None or isinstance(value, (int, float)) else float(value)
