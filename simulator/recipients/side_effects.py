"""Side effects of events: message status, statistics, suppression lists, link visits."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from simulator.inbox.marks import OF_EVENT
from simulator.recipients.rates import provider_of
from simulator.recipients.suppression import list_of, suppress
from simulator.webhook.events import Event

STATUS = {"processed": "processed", "dropped": "not_delivered", "delivered": "delivered", "bounce": "not_delivered"}
DROP_METRICS = {
    "Bounced Address": "bounce_drops",
    "Unsubscribed Address": "unsubscribe_drops",
    "Spam Reporting Address": "spam_report_drops",
    "Invalid": "invalid_emails",
}
SIMPLE_METRICS = {
    "deferred": "deferred",
    "delivered": "delivered",
    "open": "opens",
    "click": "clicks",
    "spamreport": "spam_reports",
    "unsubscribe": "unsubscribes",
    "group_unsubscribe": "unsubscribes",
}
OUTCOME = (
    "update accepted set status = coalesce(?, status), opens = opens + ?, clicks = clicks + ?, "
    "last_event_at = max(coalesce(last_event_at, 0), ?), marks = marks | ? where seq = ?"
)
UNIQUE = "select opens, clicks from accepted where seq = ?"
STAT = (
    "insert into stats (day, category, provider, metric, value) values (?, ?, ?, ?, ?) "
    "on conflict (day, category, provider, metric) do update set value = value + excluded.value"
)


class SideEffects:
    """Collected in memory for one flush, then applied in its transaction."""

    def __init__(self) -> None:
        self.link_visits: list[tuple[int, str, str, str, float]] = []
        self._events: list[tuple[Event, int, str, list[str]]] = []

    def add_event(self, event: Event, seq: int, day: str, categories: list[str]) -> None:
        """Add an event of the message with number `seq`."""
        self._events.append((event, seq, day, categories))

    def apply(self, connection: sqlite3.Connection) -> None:
        """Write all side effects."""
        tally: Counter[tuple[str, str, str, str]] = Counter()
        for event, seq, day, categories in self._events:
            self._update_lists(connection, event)
            provider = provider_of(event["email"])
            for metric in metrics(event, connection, seq):
                for category in ("", *categories):
                    tally[day, category, provider, metric] += 1
            _outcome(connection, event, seq)
        connection.executemany(STAT, [(*key, value) for key, value in tally.items()])
        connection.executemany(
            "insert into link_visits (seq, how, url, useragent, not_before) values (?, ?, ?, ?, ?)", self.link_visits
        )

    def _update_lists(self, connection: sqlite3.Connection, event: Event) -> None:
        if kind := list_of(event):
            suppress(connection, kind, event["email"], event["timestamp"], event)
        if event["event"] == "group_unsubscribe":
            connection.execute(
                "insert into group_suppressions (group_id, email, created) values (?, ?, ?) on conflict do nothing",
                (event["asm_group_id"], event["email"].lower(), event["timestamp"]),
            )


def _outcome(connection: sqlite3.Connection, event: Event, seq: int) -> None:
    kind = event["event"]
    values = (STATUS.get(kind), kind == "open", kind == "click", event["timestamp"], OF_EVENT.get(kind, 0), seq)
    connection.execute(OUTCOME, values)


def metrics(event: Event, connection: sqlite3.Connection, seq: int) -> list[str]:
    """The counters of /v3/stats that an event increments."""
    kind = event["event"]
    if kind in ("open", "click"):
        opens, clicks = connection.execute(UNIQUE, (seq,)).fetchone()
        first = (opens if kind == "open" else clicks) == 0
        return [SIMPLE_METRICS[kind], *([f"unique_{SIMPLE_METRICS[kind]}"] if first else [])]
    if kind == "processed":
        return ["requests", "processed"]
    if kind == "dropped":
        return ["requests", *filter(None, [DROP_METRICS.get(event["reason"])])]
    if kind == "bounce":
        return ["bounces" if event["type"] == "bounce" else "blocks"]
    return [SIMPLE_METRICS[kind]] if kind in SIMPLE_METRICS else []


def tracked_day(timestamp: int) -> str:
    """The UTC day of an event."""
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()


def totals(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Name and value rows as a dict."""
    return {row["name"]: row["value"] for row in rows}
