"""The course of a campaign occurrence: what happened hour by hour, and which links people clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.publish.console import charts
from include.publish.console.blocks import Block, Column, MailFrame, Table
from include.publish.console.charts import Axis
from include.publish.console.source import Source, link

LINES = {"sent": "sent", "delivered": "delivered", "human_opens": "opened", "human_clicks": "clicked"}
MAX_LINKS = 60


def hours(source: Source, of: Mapping[str, str]) -> Sequence[Block]:
    """People up to each hour, as lines."""
    rows = source.rows("console/run_hours", **of)
    lines = [{"hour": row["hour"], "what": name, "people": row[field]} for field, name in LINES.items() for row in rows]
    hour, people, what = Axis("hour", "hours since the plan"), Axis("people", "people"), Axis("what", "what", "text")
    columns = [hour.column, *(Column(field, name.capitalize()) for field, name in LINES.items())]
    title = "People up to each hour"
    return [charts.trend(title, lines, hour, people, what, Table(title, columns, rows))]


def links(source: Source, of: Mapping[str, str]) -> Sequence[Block]:
    """The links that were clicked, and the mail with the same numbers at its links."""
    rows = source.rows("console/run_links", **of)[:MAX_LINKS]
    columns = [
        Column("url", "Link", "wrap"),
        Column("people", "People"),
        Column("share_of_clickers", "Of all who clicked", "percent"),
        Column("human_clicks", "Clicks by people"),
        Column("machine_clicks", "By machines"),
    ]
    name = f"{of['campaign']}/{of['occurrence']}"
    return [
        Table("Links, the most clicked first", columns, rows, "Nobody has clicked a link yet."),
        MailFrame("The mail, with the people who clicked at each link", link("mail", run=name)),
    ]
