"""The report's charts as Vega-Lite specs. Colours are the page's CSS variables: they follow light, dark and print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

Rows = Sequence[Mapping[str, Any]]

INK, MUTED, LINE, GOOD, WARN, STOP = (f"var(--{name})" for name in ("ink", "muted", "line", "good", "warn", "stop"))
SERIES = [f"var(--series-{number})" for number in range(1, 6)]
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "gridColor": LINE,
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
    },
    "legend": {
        "labelColor": INK,
        "titleColor": MUTED,
        "orient": "top",
        "title": None,
        "labelFontSize": 12,
        "symbolType": "circle",
        "offset": 10,
    },
}
STEPS = ("accepted", "delivered", "opened", "clicked")
KINDS = ("delivered", "opened", "clicked", "unsubscribed", "complained")
STAGES = ("prospect", "new", "active", "loyal", "lapsing", "lost")
LEVELS = ("engaged", "warm", "cooling", "dormant")
LIST_LINES = {"mailable": "mailable", "engaged_90d": "engaged, 90 days", "dormant_180d": "dormant, 180 days"}


def funnel(campaigns: Rows) -> dict[str, Any]:
    """People at each step, from accepted to clicked, for the latest eight campaign occurrences."""
    fields = dict(zip(STEPS, ("accepted", "delivered", "human_opens", "human_clicks"), strict=True))
    long = [
        {"label": row["label"], "step": step, "people": row[field]}
        for row in campaigns[:8]
        for step, field in fields.items()
    ]
    return _spec(
        _chart(long, height=alt.Step(13))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("people:Q", title="people", axis=alt.Axis(format=",d", tickCount=6)),
            y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelColor=INK), scale=alt.Scale(paddingInner=0.35)),
            yOffset=alt.YOffset("step:N", sort=STEPS),
            color=_colour("step", STEPS, SERIES[:4]),
            tooltip=["label:N", "step:N", alt.Tooltip("people:Q", format=",d")],
        )
    )


def rates(campaigns: Rows) -> dict[str, Any]:
    """The open rate of each campaign that was sent more than once, from occurrence to occurrence."""
    repeated = repeated_campaigns(campaigns)
    lines = [{**row, "day": row["planned_at"][:10]} for row in campaigns if row["campaign"] in repeated]
    return _spec(
        _chart(lines, height=220)
        .mark_line(point={"size": 38, "filled": True}, strokeWidth=2)
        .encode(
            x=_days(),
            y=alt.Y("human_open_rate:Q", title="opened by people", axis=alt.Axis(format="~%", tickCount=5)),
            color=_colour("campaign", repeated, SERIES[: len(repeated)]),
            tooltip=[
                "label:N",
                alt.Tooltip("human_open_rate:Q", format=".1%"),
                alt.Tooltip("human_click_rate:Q", format=".1%"),
            ],
        )
    )


def repeated_campaigns(campaigns: Rows) -> list[str]:
    """The campaigns with more than one occurrence, the most frequent first; as many as there are colours."""
    counted = Counter(row["campaign"] for row in campaigns)
    return [name for name, occurrences in counted.most_common(len(SERIES)) if occurrences > 1]


def engagement(daily: Rows) -> dict[str, Any]:
    """People per day and kind of event, on a symlog scale, so that small and large counts are both visible."""
    return _spec(
        _chart(daily, height=260)
        .mark_line(point={"size": 38, "filled": True}, strokeWidth=2, interpolate="linear")
        .encode(
            x=_days(),
            y=alt.Y(
                "people:Q",
                title="people per day (log)",
                scale=alt.Scale(type="symlog"),
                axis=alt.Axis(values=[0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6], format=",d"),
            ),
            color=_colour("kind", KINDS, SERIES),
            tooltip=["day:N", "kind:N", alt.Tooltip("people:Q", format=",d")],
        )
    )


def provider_rate(providers: Rows, kind: str, limits: tuple[float, float], title: str) -> dict[str, Any]:
    """One rate (`hard_bounce` or `complaint`) by provider, with lines at the limits at which the sender warns and stops."""
    field, verdict = f"{kind}_rate", f"{kind}_verdict"
    bars = (
        _chart(providers, height=alt.Step(26))
        .mark_bar(cornerRadiusEnd=3, height=14)
        .encode(
            x=alt.X(f"{field}:Q", title=title, axis=alt.Axis(format="~%", tickCount=5)),
            y=alt.Y("mailbox_provider:N", title=None, sort=None, axis=alt.Axis(labelColor=INK)),
            color=alt.Color(
                f"{verdict}:N",
                legend=None,
                scale=alt.Scale(domain=["good", "warn", "stop", "too few"], range=[GOOD, WARN, STOP, MUTED]),
            ),
            tooltip=["mailbox_provider:N", alt.Tooltip(f"{field}:Q", format=".3%"), f"{verdict}:N"],
        )
    )
    lines = [_limit(value, colour) for value, colour in zip(limits, (WARN, STOP), strict=True)]
    return _spec(alt.layer(bars, *lines))


def segments(rows: Rows) -> dict[str, Any]:
    """Members of each segment, with a tick for the size in the previous run."""
    base = _chart(rows, height=alt.Step(26)).encode(
        y=alt.Y("segment:N", title=None, sort=None, axis=alt.Axis(labelColor=INK))
    )
    size = base.mark_bar(cornerRadiusEnd=3, height=14, color=SERIES[0]).encode(
        x=alt.X("members:Q", title="members; tick: previous run", axis=alt.Axis(format=",d", tickCount=6)),
        tooltip=["segment:N", alt.Tooltip("members:Q", format=",d"), "entered:Q", "left_segment:Q"],
    )
    previous = base.mark_tick(color=INK, thickness=2, height=20).encode(x="members_before:Q")
    return _spec(alt.layer(size, previous))


def lifecycle(rows: Rows) -> dict[str, Any]:
    """People by lifecycle stage and engagement level; a deeper colour means more people."""
    base = _chart(rows, height=alt.Step(38)).encode(
        x=alt.X("lifecycle_stage:N", sort=STAGES, title=None, axis=alt.Axis(labelAngle=0, labelColor=INK, orient="top")),
        y=alt.Y("engagement_level:N", sort=LEVELS, title=None, axis=alt.Axis(labelColor=INK)),
        tooltip=[
            "lifecycle_stage:N",
            "engagement_level:N",
            alt.Tooltip("people:Q", format=",d"),
            alt.Tooltip("share:Q", format=".1%"),
        ],
    )
    depth = alt.Opacity("people:Q", legend=None, scale=alt.Scale(type="sqrt", range=[0.06, 0.6]))
    cells = base.mark_rect(color=SERIES[0], cornerRadius=4, stroke="var(--paper)", strokeWidth=3).encode(opacity=depth)
    return _spec(alt.layer(cells, base.mark_text(color=INK, fontSize=12).encode(text=alt.Text("people:Q", format=",d"))))


def list_health(rows: Rows) -> dict[str, Any]:
    """The list by day: mailable, engaged and dormant people."""
    long = [{"day": row["day"], "group": name, "people": row[field]} for row in rows for field, name in LIST_LINES.items()]
    return _spec(
        _chart(long, height=240)
        .mark_line(point={"size": 30, "filled": True}, strokeWidth=2)
        .encode(
            x=_days(),
            y=alt.Y("people:Q", title="people", axis=alt.Axis(format=",d", tickCount=5)),
            color=_colour("group", tuple(LIST_LINES.values()), SERIES[:3]),
            tooltip=["day:N", "group:N", alt.Tooltip("people:Q", format=",d")],
        )
    )


def experiments(rows: Rows) -> dict[str, Any]:
    """The lift of each rate with its 95 % interval; one that excludes zero is drawn in full colour."""
    tested = [{**row, "title": f"{row['label']}, {row['metric']}: {row['comparison']}"} for row in lifts_of_rates(rows)]
    base = _chart(tested, height=alt.Step(34)).encode(
        y=alt.Y("title:N", title=None, sort=None, axis=alt.Axis(labelColor=INK, labelLimit=420)),
        color=alt.Color("excludes_zero:N", legend=None, scale=alt.Scale(domain=[True, False], range=[SERIES[0], MUTED])),
    )
    span = base.mark_rule(strokeWidth=3, strokeCap="round").encode(
        x=alt.X("interval_low:Q", title="lift in points, with its 95 % interval", axis=alt.Axis(format="+.1%", tickCount=6)),
        x2="interval_high:Q",
        tooltip=["title:N", alt.Tooltip("lift:Q", format="+.2%"), alt.Tooltip("p_value:Q", format=".3f")],
    )
    return _spec(alt.layer(_limit(0, MUTED), span, base.mark_point(filled=True, size=90, opacity=1).encode(x="lift:Q")))


def lifts_of_rates(rows: Rows) -> list[Mapping[str, Any]]:
    """The comparisons that the chart draws: those with an interval, on one axis, so without amounts of money."""
    return [row for row in rows if row["interval_low"] is not None and not row["is_money"]]


def _chart(rows: Rows, *, height: Any) -> alt.Chart:
    return alt.Chart(_data(rows), width="container", height=height)


def _colour(field: str, domain: Sequence[str], colours: Sequence[str]) -> alt.Color:
    return alt.Color(f"{field}:N", sort=list(domain), scale=alt.Scale(domain=list(domain), range=list(colours)))


def _days() -> alt.X:
    """Days are in UTC, independent of the reader's time zone."""
    axis = alt.Axis(format="%d %b", grid=False, tickCount=8, labelOverlap=True)
    return alt.X("day:T", title=None, axis=axis, scale=alt.Scale(type="utc"))


def _limit(value: float, colour: str) -> alt.Chart:
    line: alt.Chart = alt.Chart(_data([{"limit": value}])).mark_rule(color=colour, strokeDash=[4, 3], strokeWidth=1.5)
    return line.encode(x="limit:Q")


def _data(rows: Rows) -> alt.Data:
    """The rows inline. Altair's constructors of data have no annotations."""
    return alt.Data(values=[dict(row) for row in rows])  # type: ignore[no-untyped-call]


def _spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    return {**chart.to_dict(), "config": CONFIG}
