"""One campaign at one occurrence: its funnel, providers, variants, and why people did not get it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.publish.console import charts, course, experiments, statuses
from include.publish.console.blocks import Block, Choice, Column, Filter, Page, Section, Table, Tile, Tiles
from include.publish.console.charts import Axis
from include.publish.console.source import Source
from include.publish.console.view import View

STEPS = {
    "selected": "selected by the segment",
    "accepted": "accepted by SendGrid",
    "delivered": "delivered",
    "delivered_tracked": "of these, tracking allowed",
    "human_opens": "opened by a person",
    "human_clicks": "clicked by a person",
}


def build(source: Source) -> Page:
    """The page of the occurrence in the filter, without one of the newest."""
    runs = source.rows("console/run_names")
    name = source.value("run") or next((f"{row['campaign']}/{row['occurrence']}" for row in runs), "")
    campaign, _, occurrence = name.partition("/")
    of = {"campaign": campaign, "occurrence": occurrence}
    found = source.rows("console/run", **of)
    names = list(dict.fromkeys([*([name] if found else []), *(f"{row['campaign']}/{row['occurrence']}" for row in runs)]))
    filters = [Filter("run", "Campaign and occurrence", name, [Choice(each, each.replace("/", " ")) for each in names])]
    if not found:
        return Page(filters=filters if names else (), lead=_nothing(name, names))
    (run,) = found
    return Page(
        _sections(source, run, of), filters, f"{campaign} {occurrence}, planned {run['planned_at']:%d %b %Y, %H:%M}."
    )


def _nothing(name: str, names: Sequence[str]) -> str:
    if not names:
        return "No campaign has been sent yet. In the Airflow UI trigger a DAG such as send_newsletter with mode live."
    return f"There is no '{name.replace('/', ' ')}' in the published file. Choose one of the {len(names)} below."


def _sections(source: Source, run: dict[str, Any], of: dict[str, str]) -> list[Section]:
    return [
        Section("Figures", lambda: _figures(run)),
        Section("From selection to click", lambda: _funnel(run), "Machines are excluded from opens and clicks."),
        Section("Why people did not get it", lambda: _not_sent(source, run, of)),
        Section("Hour by hour", lambda: course.hours(source, of), "People, added up; hours since the plan was frozen."),
        Section("Links", lambda: course.links(source, of), "Clicks by people, and by machines such as scanners."),
        Section("Variants and hold-out", lambda: experiments.variants(source, of)),
        Section("Mailbox providers", lambda: _providers(source, of)),
    ]


def _figures(run: dict[str, Any]) -> Sequence[Block]:
    tiles = [
        Tile("State", None, note=f"segment {run['segment']}", mark=statuses.plan_state(run)),
        Tile("People by state", None, note=f"{run['selected']:,} selected", mark=statuses.accounted(run)),
        Tile("Delivered", run["delivery_rate"], "percent", f"{run['delivered']:,} of {run['accepted']:,} accepted"),
        Tile(
            "Opened by people",
            run["human_open_rate"],
            "percent",
            f"{run['human_opens']:,}; {run['raw_opens']:,} with machines",
        ),
        Tile(
            "Clicked by people",
            run["human_click_rate"],
            "percent",
            f"{run['human_clicks']:,}; {run['raw_clicks']:,} with machines",
        ),
        Tile("Unsubscribed", run["unsubscribe_rate"], "percent", f"{run['unsubscribes']:,} people"),
        Tile("Complaints", run["complaint_rate"], "percent", f"{run['complaints']:,} people"),
        Tile("Cost", run["cost"], "decimal", "in the campaign's currency"),
    ]
    return [Tiles(tiles)]


def _funnel(run: dict[str, Any]) -> Sequence[Block]:
    rows = [
        {"step": title, "people": run[field], "share": run[field] / run["selected"] if run["selected"] else None}
        for field, title in STEPS.items()
    ]
    more = [Column("share", "Of those selected", "percent")]
    return [charts.bars("People at each step", rows, Axis("step", "step", "text"), Axis("people", "people"), more=more)]


def _not_sent(source: Source, run: dict[str, Any], of: dict[str, str]) -> Sequence[Block]:
    reasons = source.rows("console/run_reasons", **of)
    for row in reasons:
        row["state"] = row["state"].replace("_", " ")
        row["share"] = row["people"] / run["selected"] if run["selected"] else None
    why = [
        Column("state", "State", "text"),
        Column("reason", "Reason", "text"),
        Column("people", "People"),
        Column("share", "Of those selected", "percent"),
    ]
    left = f"{sum(row['people'] for row in reasons):,} of {run['selected']:,} selected people did not get it"
    lost = source.rows("console/run_lost_to", **of)
    columns = [
        Column("label", "Lost to", "text", link=statuses.run_link),
        Column("reason", "Reason", "text"),
        Column("people", "People"),
        Column("got_it", "Got that mail"),
        Column("did_not", "Did not"),
    ]
    return [
        Table(left, why, reasons, "Everybody who was selected was sent to."),
        *([Table("People whom a frequency cap gave another mail", columns, lost)] if lost else []),
    ]


def _providers(source: Source, of: dict[str, str]) -> Sequence[Block]:
    columns = [
        Column("mailbox_provider", "Provider", "text"),
        Column("accepted", "Accepted"),
        Column("delivery_rate", "Delivered", "percent"),
        Column("hard_bounce_rate", "Hard bounces", "percent"),
        Column("bounced_soft", "Soft bounces"),
        Column("deferred", "Deferred"),
        Column("complaint_rate", "Complaints", "percent"),
        Column("human_open_rate", "Opened", "percent"),
    ]
    return [
        Table(
            "By mailbox provider", columns, source.rows("console/run_providers", **of), "Nothing was sent to any provider."
        )
    ]


VIEW = View("campaign", "Campaign", "One campaign at one occurrence, from selection to what people did.", 21, build)
