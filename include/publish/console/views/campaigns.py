"""All campaign occurrences of a time, by campaign."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish.console import charts, statuses
from include.publish.console.blocks import Block, Choice, Column, Filter, Page, Section, Table
from include.publish.console.charts import Axis
from include.publish.console.source import Source
from include.publish.console.view import View

DAYS = (30, 90, 365, 3650)
RATES = {
    "human_open_rate": "opened by people",
    "human_click_rate": "clicked by people",
    "unsubscribe_rate": "unsubscribed",
    "hard_bounce_rate": "hard bounces",
    "complaint_rate": "complaints",
}


def build(source: Source) -> Page:
    """The page for the campaign, the days and the rate of the filters."""
    days, campaign = int(source.number("days", 90, DAYS[-1])), source.value("campaign")
    rate = source.value("rate") if source.value("rate") in RATES else "human_open_rate"
    rows = source.rows("console/runs", days=days, campaign=campaign, journeys=False)
    names = [row["campaign"] for row in source.rows("console/campaign_names")]
    filters = [
        Filter("campaign", "Campaign", campaign, [Choice("", "all"), *(Choice(name, name) for name in names)]),
        Filter("days", "Days", str(days), [Choice(str(each), f"the last {each:,} days") for each in DAYS]),
        Filter("rate", "Rate in the chart", rate, [Choice(name, title) for name, title in RATES.items()]),
    ]
    return Page(
        [Section("Rates over time", lambda: _trend(rows, rate)), Section("Occurrences", lambda: _table(rows))], filters
    )


def _trend(rows: Sequence[dict[str, object]], rate: str) -> Sequence[Block]:
    axis = Axis(rate, RATES[rate], "percent")
    return [
        charts.trend(f"Share of people: {RATES[rate]}", rows[::-1], Axis("planned_at", "planned", "time"), axis, _CAMPAIGN)
    ]


def _table(rows: Sequence[dict[str, object]]) -> Sequence[Block]:
    columns = [
        Column("label", "Campaign", "text", link=statuses.run_link),
        Column("planned_at", "Planned", "time"),
        Column("state", "State", mark=statuses.plan_state),
        Column("selected", "Selected"),
        Column("accepted", "Accepted"),
        Column("delivery_rate", "Delivered", "percent"),
        Column("human_open_rate", "Opened", "percent"),
        Column("human_click_rate", "Clicked", "percent"),
        Column("unsubscribe_rate", "Unsubscribed", "percent"),
        Column("cost", "Cost", "decimal"),
    ]
    return [Table("Campaign occurrences, newest first, at most 200", columns, rows, "No campaign was sent in these days.")]


_CAMPAIGN = Axis("campaign", "campaign", "text")
VIEW = View("campaigns", "Campaigns", "Every occurrence of every campaign, and its rates over time.", 20, build)
