"""Charts of the console: Vega-Lite specs by Altair, each with a sentence and a table of the same numbers.

Fields of the specs have fixed names, so that no name of a column or campaign is read as an expression of Vega.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from include.publish import formats
from include.publish.charts import CONFIG, INK, MUTED, SERIES, STOP, WARN
from include.publish.console.blocks import Chart, Column, Kind, Row, Table

MAX_LABEL = 180
"""Pixels of a label at the left: on a phone, the longest leaves room for the chart."""
_FORMATS = {"count": ",d", "percent": "~%", "decimal": ",.2f"}
_TOOLTIPS = {"count": ",d", "percent": ".2%", "decimal": ",.2f"}


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


def trend(title: str, rows: Sequence[Row], x: Axis, y: Axis, series: Axis | None = None) -> Chart:
    """Lines over time. `x` is of kind `day` or `time` (UTC), or a number."""
    is_time = x.kind in ("day", "time")
    drawn = [
        {"x": _iso(row[x.field]), "y": _number(row[y.field]), "series": row[series.field] if series else y.title}
        for row in rows
        if row[y.field] is not None
    ]
    names = list(dict.fromkeys(row["series"] for row in drawn))
    when = alt.Scale(type="utc") if is_time else alt.Scale()
    marks = (
        _chart(drawn, height=240)
        .mark_line(point={"size": 26, "filled": True}, strokeWidth=2)
        .encode(
            x=alt.X(
                "x:T" if is_time else "x:Q",
                title=None if is_time else x.title,
                scale=when,
                axis=alt.Axis(grid=False, tickCount=6, labelOverlap=True, **_dated(x)),
            ),
            y=alt.Y("y:Q", title=y.title, axis=alt.Axis(format=_FORMATS[y.kind], tickCount=5)),
            color=_series(names) if series else alt.value(SERIES[0]),
            tooltip=["x:N", "series:N", alt.Tooltip("y:Q", format=_TOOLTIPS[y.kind], title=y.title)],
        )
    )
    columns = [Column(x.field, x.title, x.kind), *([series.column] if series else []), y.column]
    return _made(title, _extremes(rows, y, x), marks, columns, rows)


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
    base = _chart(drawn, height=alt.Step(26)).encode(y=_labels("label"))
    layers = [
        base.mark_bar(cornerRadiusEnd=3, height=14, color=SERIES[0]).encode(
            x=alt.X("value:Q", title=value.title, axis=alt.Axis(format=_FORMATS[value.kind], tickCount=5)),
            tooltip=["label:N", alt.Tooltip("value:Q", format=_TOOLTIPS[value.kind], title=value.title)],
        ),
        *([base.mark_tick(color=INK, thickness=2, height=20).encode(x="before:Q")] if before else []),
        *(_line(at, colour, 26) for at, colour in zip(limits, (WARN, STOP), strict=False)),
    ]
    columns = [Column(label.field, label.title, "text"), value.column, *([before.column] if before else []), *more]
    return _made(title, _extremes(rows, value, label), alt.layer(*layers), columns, rows)


def intervals(title: str, rows: Sequence[Row], label: Axis, middle: Axis, low: str, high: str) -> Chart:
    """Differences with their intervals and a line at zero; one that excludes zero has the full colour."""
    drawn = [
        {
            "label": str(row[label.field]),
            "middle": _number(row[middle.field]),
            "low": _number(row[low]),
            "high": _number(row[high]),
            "sure": row[low] * row[high] > 0,
        }
        for row in rows
    ]
    base = _chart(drawn, height=alt.Step(34)).encode(
        y=_labels("label"),
        color=alt.Color("sure:N", legend=None, scale=alt.Scale(domain=[True, False], range=[SERIES[0], MUTED])),
    )
    number = alt.Axis(format="+.1%" if middle.kind == "percent" else "+,.2f", tickCount=5)
    spans = base.mark_rule(strokeWidth=3, strokeCap="round").encode(
        x=alt.X("low:Q", title=middle.title, axis=number), x2="high:Q", tooltip=["label:N", "middle:Q", "low:Q", "high:Q"]
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(x="middle:Q")
    sure = sum(row["sure"] for row in drawn)
    summary = f"{len(drawn)} comparisons; the interval of {sure} excludes zero."
    columns = [
        Column(label.field, label.title, "text"),
        middle.column,
        Column(low, "from", middle.kind),
        Column(high, "to", middle.kind),
    ]
    return _made(title, summary, alt.layer(_line(0, MUTED, 34), spans, points), columns, rows)


def heat(title: str, rows: Sequence[Row], across: Axis, down: Axis, value: Axis, *, words: bool = True) -> Chart:
    """A grid whose fields are deeper in colour the larger the value is, with the value in each if `words`."""
    drawn = [{"across": row[across.field], "down": row[down.field], "value": _number(row[value.field])} for row in rows]
    base = _chart(drawn, height=alt.Step(30)).encode(
        x=alt.X("across:N", sort=None, title=across.title, axis=alt.Axis(orient="top", labelColor=INK, labelLimit=90)),
        y=alt.Y("down:N", sort=None, title=None, axis=alt.Axis(labelColor=INK, labelLimit=MAX_LABEL)),
        tooltip=["down:N", "across:N", alt.Tooltip("value:Q", format=_TOOLTIPS[value.kind], title=value.title)],
    )
    depth = alt.Opacity("value:Q", legend=None, scale=alt.Scale(type="sqrt", range=[0.04, 0.6]))
    cells = base.mark_rect(color=SERIES[0], cornerRadius=3, stroke="var(--paper)", strokeWidth=2).encode(opacity=depth)
    text = base.mark_text(color=INK, fontSize=11).encode(text=alt.Text("value:Q", format=_FORMATS[value.kind]))
    layers = alt.layer(cells, text) if words else cells
    columns = [
        Column(down.field, down.title or "row", "text"),
        Column(across.field, across.title or "column", "text"),
        value.column,
    ]
    return _made(title, _extremes(rows, value, down), layers, columns, rows)


def _made(title: str, summary: str, marks: alt.TopLevelMixin, columns: Sequence[Column], rows: Sequence[Row]) -> Chart:
    # Altair's own validation takes as long as everything else; a test validates the charts of all pages.
    spec = {**marks.to_dict(validate=False), "config": CONFIG, "autosize": {"type": "fit-x", "contains": "padding"}}
    return Chart(title, summary, spec, Table(title, columns, rows))


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


def _chart(rows: Sequence[Mapping[str, Any]], *, height: Any) -> alt.Chart:
    data: alt.Data = alt.Data(values=list(rows))  # type: ignore[no-untyped-call]
    return alt.Chart(data, width="container", height=height)


def _labels(field: str) -> alt.Y:
    return alt.Y(f"{field}:N", title=None, sort=None, axis=alt.Axis(labelColor=INK, labelLimit=MAX_LABEL))


def _series(names: Sequence[str]) -> alt.Color:
    colours = [SERIES[number % len(SERIES)] for number in range(len(names))]
    return alt.Color("series:N", sort=list(names), scale=alt.Scale(domain=list(names), range=colours))


def _dated(x: Axis) -> dict[str, Any]:
    return {"format": "%d %b" if x.kind == "day" else "%d %b %H:%M"} if x.kind in ("day", "time") else {}


def _line(value: float, colour: str, step: int) -> alt.Chart:
    line: alt.Chart = _chart([{"limit": value}], height=alt.Step(step)).mark_rule(
        color=colour, strokeDash=[4, 3], strokeWidth=1.5
    )
    return line.encode(x="limit:Q")


def _iso(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _number(value: Any) -> float | int | None:
    """A number that JSON has: DECIMAL comes from DuckDB as Decimal."""
    return value if value is None or isinstance(value, (int, float)) else float(value)
