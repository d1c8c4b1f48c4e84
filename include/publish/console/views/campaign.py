"""One campaign at one occurrence: its funnel, providers, variants, and why people did not get it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.publish.console import charts, statuses
from include.publish.console.blocks import Block, Choice, Column, Filter, Mark, Page, Prose, Row, Section, Table, Tile, Tiles
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
NOT_SENT = ("suppressed", "capped", "held_out", "rejected", "in_doubt", "pending", "skipped")
METRICS = {
    "human_open": "opened",
    "human_click": "clicked",
    "purchase_14d": "bought in 14 days",
    "revenue_14d": "revenue in 14 days",
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
        Section("Variants and hold-out", lambda: _variants(source, of)),
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
    left = [{"state": name.replace("_", " "), "people": run[name]} for name in NOT_SENT if run[name]]
    states = Table(
        f"{run['selected'] - run['accepted']:,} of {run['selected']:,} selected people were not sent to",
        [Column("state", "State", "text"), Column("people", "People")],
        left,
        "Everybody who was selected was sent to.",
    )
    lost = source.rows("console/run_lost_to", **of)
    columns = [
        Column("label", "Lost to", "text", link=statuses.run_link),
        Column("reason", "Reason", "text"),
        Column("people", "People"),
        Column("got_it", "Got that mail"),
        Column("did_not", "Did not"),
    ]
    return [states, *([Table("People whom a frequency cap gave another mail", columns, lost)] if lost else [])]


def _variants(source: Source, of: dict[str, str]) -> Sequence[Block]:
    rows = source.rows("console/run_variants", **of)
    if not rows:
        return [Prose("This campaign has one variant and no hold-out.")]
    for row in rows:
        row["title"] = f"{row['variant']}, {METRICS.get(row['metric'], row['metric'])}"
    tested = [row for row in rows if row["interval_low"] is not None and not row["is_money"]]
    drawn = charts.intervals(
        "Difference in points, with its 95 % interval",
        tested,
        Axis("title", "variant", "text"),
        Axis("lift", "difference", "percent"),
        "interval_low",
        "interval_high",
    )
    return [*([drawn] if tested else []), _arms(rows)]


def _arms(rows: Sequence[dict[str, Any]]) -> Table:
    for row in rows:
        kind = "decimal" if row["is_money"] else "percent"
        write = Axis("", "", "decimal" if kind == "decimal" else "percent").write
        row["shown"], row["difference"] = write(row["value"]), write(row["lift"])
        known = row["interval_low"] is not None
        row["interval"] = f"{write(row['interval_low'])} to {write(row['interval_high'])}" if known else None
    columns = [
        Column("title", "Variant", "text"),
        Column("baseline", "Against", "text"),
        Column("people", "People"),
        Column("converted", "Did it"),
        Column("shown", "Value", "text"),
        Column("difference", "Difference", "text"),
        Column("interval", "95 % interval", "text"),
        Column("status", "Result", mark=_result),
    ]
    return Table("Variants and hold-out", columns, rows)


def _result(row: Row) -> Mark:
    if row["status"] == "sample_ratio_mismatch":
        return Mark("arms not drawn as planned", "warn")
    if row["variant"] == row["baseline"]:
        return Mark("baseline")
    if row["interval_low"] is not None and row["interval_low"] * row["interval_high"] > 0:
        return Mark("a difference", "good")
    words = {"window_open": "window still open", "sending": "still sending", "stopped_early": "stopped early"}
    return Mark(words.get(row["status"], "inconclusive"))


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
