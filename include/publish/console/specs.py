"""The Vega-Lite specs of the console's charts, by Altair, without their rows, which are the dataset `rows`.

Fields have fixed names, so that no name of a column or campaign is read as an expression of Vega. Altair takes ten to thirty
milliseconds for a spec, so each is made once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import altair as alt

from include.publish.charts import CONFIG, INK, MUTED, SERIES, STOP, WARN

MAX_LABEL = 180
"""Pixels of a label at the left: on a phone, the longest leaves room for the chart."""
FORMATS = {"count": ",d", "percent": "~%", "decimal": ",.2f"}
TOOLTIPS = {"count": ",d", "percent": ".2%", "decimal": ",.2f"}
DATES = {"day": "%d %b", "time": "%d %b %H:%M"}
_KEPT = 256
"""Specs in memory: names of series are part of a spec, so there may be many."""
Spec = dict[str, Any]


@lru_cache(_KEPT)
def trend(x_title: str, x_kind: str, y_title: str, y_kind: str, names: tuple[str, ...]) -> Spec:
    """Lines of `y` over `x`, one for each name of a series; without names a single line."""
    dated = x_kind in DATES
    number = alt.Axis(grid=False, tickCount=6, labelOverlap=True)
    axis = alt.Axis(grid=False, tickCount=6, labelOverlap=True, format=DATES[x_kind]) if dated else number
    scale = alt.Scale(type="utc") if dated else alt.Scale()
    marks = _chart(height=240).mark_line(point={"size": 26, "filled": True}, strokeWidth=2)
    return _as_dict(
        marks.encode(
            x=alt.X("x:T" if dated else "x:Q", title=None if dated else x_title, scale=scale, axis=axis),
            y=alt.Y("y:Q", title=y_title, axis=alt.Axis(format=FORMATS[y_kind], tickCount=5)),
            color=_series(names) if names else alt.value(SERIES[0]),
            tooltip=["x:N", "series:N", alt.Tooltip("y:Q", format=TOOLTIPS[y_kind], title=y_title)],
        )
    )


@lru_cache(_KEPT)
def bars(title: str, kind: str, limits: tuple[float, ...], has_before: bool) -> Spec:
    """Bars of `value` by `label`, with lines at the limits to warn and to stop, and a tick at `before`."""
    base = _chart(height=alt.Step(26)).encode(y=_labels("label"))
    layers = [
        base.mark_bar(cornerRadiusEnd=3, height=14, color=SERIES[0]).encode(
            x=alt.X("value:Q", title=title, axis=alt.Axis(format=FORMATS[kind], tickCount=5)),
            tooltip=["label:N", alt.Tooltip("value:Q", format=TOOLTIPS[kind], title=title)],
        ),
        *([base.mark_tick(color=INK, thickness=2, height=20).encode(x="before:Q")] if has_before else []),
        *(_line(at, colour, 26) for at, colour in zip(limits, (WARN, STOP), strict=False)),
    ]
    return _as_dict(alt.layer(*layers))


@lru_cache(_KEPT)
def intervals(title: str, kind: str) -> Spec:
    """A point `middle` with its span from `low` to `high`, in full colour where `sure`, and a line at zero."""
    base = _chart(height=alt.Step(34)).encode(
        y=_labels("label"),
        color=alt.Color("sure:N", legend=None, scale=alt.Scale(domain=[True, False], range=[SERIES[0], MUTED])),
    )
    number = alt.Axis(format="+.1%" if kind == "percent" else "+,.2f", tickCount=5)
    spans = base.mark_rule(strokeWidth=3, strokeCap="round").encode(
        x=alt.X("low:Q", title=title, axis=number), x2="high:Q", tooltip=["label:N", "middle:Q", "low:Q", "high:Q"]
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(x="middle:Q")
    return _as_dict(alt.layer(_line(0, MUTED, 34), spans, points))


@lru_cache(_KEPT)
def heat(across_title: str, value_title: str, kind: str) -> Spec:
    """A grid of `across` and `down`, deeper in colour the larger `value` is."""
    cells = _chart(height=alt.Step(30)).mark_rect(color=SERIES[0], cornerRadius=3, stroke="var(--paper)", strokeWidth=2)
    return _as_dict(
        cells.encode(
            x=alt.X("across:N", sort=None, title=across_title, axis=alt.Axis(orient="top", labelColor=INK, labelLimit=90)),
            y=_labels("down"),
            opacity=alt.Opacity("value:Q", legend=None, scale=alt.Scale(type="sqrt", range=[0.04, 0.6])),
            tooltip=["down:N", "across:N", alt.Tooltip("value:Q", format=TOOLTIPS[kind], title=value_title)],
        )
    )


def _chart(*, height: Any) -> alt.Chart:
    return alt.Chart(alt.NamedData("rows"), width="container", height=height)


def _labels(field: str) -> alt.Y:
    return alt.Y(f"{field}:N", title=None, sort=None, axis=alt.Axis(labelColor=INK, labelLimit=MAX_LABEL))


def _series(names: tuple[str, ...]) -> alt.Color:
    colours = [SERIES[number % len(SERIES)] for number in range(len(names))]
    return alt.Color("series:N", sort=list(names), scale=alt.Scale(domain=list(names), range=colours))


def _line(value: float, colour: str, step: int) -> alt.Chart:
    line: alt.Chart = _chart(height=alt.Step(step)).mark_rule(color=colour, strokeDash=[4, 3], strokeWidth=1.5)
    return line.encode(x=alt.datum(value))


def _as_dict(marks: alt.TopLevelMixin) -> Spec:
    # Altair's validation takes longer than the rest; a test validates the charts of all pages.
    return {**marks.to_dict(validate=False), "config": CONFIG, "autosize": {"type": "fit-x", "contains": "padding"}}
