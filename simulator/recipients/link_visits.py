"""Visits of unsubscribe links by people and scanners: real HTTP requests to the link's path at the edge.

A client that supports RFC 8058 sends the one-click POST; a person opens the link in the body and submits the form of the
page; a scanner only opens the link, which must not unsubscribe anybody.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from simulator import clock
from simulator.database import Database
from simulator.inbox.marks import UNSUBSCRIBED, mark
from simulator.recipients.render import body_unsubscribe_link, one_click, unsubscribe_link
from simulator.recipients.timeline import TimelineEntry
from simulator.webhook.events import Message

log = logging.getLogger(__name__)

LINK_VISIT_KINDS = ("one_click", "body_unsubscribe", "scan")
ONE_CLICK_BODY = {"List-Unsubscribe": "One-Click"}
ATTEMPTS = 4
DUE = (
    "select id, seq, how, url, useragent, attempts from link_visits "
    "where done_at is null and not_before <= ? order by id limit 10"
)
DONE = "update link_visits set attempts = ?, status = ?, done_at = ?, not_before = ? where id = ?"


def link_visit_for(message: Message, entry: TimelineEntry) -> tuple[str, str, str] | None:
    """(how, url, user agent) of a link visit; None if the mail has no such link."""
    link = unsubscribe_link(message.person, message.mail)
    if entry.kind == "one_click":
        url = link if one_click(message.person, message.mail) else None
    else:
        url = body_unsubscribe_link(message.links.of(message.person, with_text=True), link)
    return (entry.kind, url, str(entry.detail)) if url else None


def provider_unsubscribe(message: Message, entry: TimelineEntry) -> TimelineEntry | None:
    """The unsubscribe event by SendGrid's own links, if the mail has them, instead of a link visit."""
    tracking = message.mail.tracking_settings and message.mail.tracking_settings.subscription_tracking
    if entry.kind == "scan" or not (message.mail.asm or (tracking and tracking.enable)):
        return None
    return entry._replace(kind="group_unsubscribe" if message.mail.asm else "unsubscribe")


def edge_url(edge: str, url: str) -> str:
    """The URL of the link's path and query at the edge."""
    parts = urlsplit(url)
    return f"{edge.rstrip('/')}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")


class LinkVisitor:
    """Makes the due link visits."""

    def __init__(self, database: Database, edge: str | None, session: aiohttp.ClientSession) -> None:
        self._database, self._edge, self._session = database, edge, session

    async def run(self) -> None:
        """Run forever. Without an edge, the visits stay queued."""
        while True:
            visited = await self.run_due() if self._edge else 0
            await asyncio.sleep(0 if visited else 0.2)

    async def run_due(self) -> int:
        """Make a few due visits; returns how many. A failed connection is retried later, up to `ATTEMPTS` times."""
        due = await self._database.read(DUE, clock.now())
        await asyncio.gather(*(self._process(row) for row in due))
        return len(due)

    async def _process(self, row: dict[str, Any]) -> None:
        status = await self._attempt(row)
        now, attempts = clock.now(), row["attempts"] + 1
        done = now if status is not None or attempts >= ATTEMPTS else None
        left = row["how"] != "scan" and status is not None and status < 400

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(DONE, (attempts, status, done, now + 2**attempts, row["id"]))
            if left:
                mark(connection, row["seq"], UNSUBSCRIBED)

        await self._database.write(change)

    async def _attempt(self, row: dict[str, Any]) -> int | None:
        """The last HTTP status, or None without a response."""
        try:
            return await self._follow(row["how"], edge_url(self._edge or "", row["url"]), {"User-Agent": row["useragent"]})
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("An unsubscribe link could not be followed at the edge (%s)", type(error).__name__)
            return None

    async def _follow(self, how: str, url: str, headers: dict[str, str]) -> int:
        if how == "one_click":
            async with self._session.post(url, data=ONE_CLICK_BODY, headers=headers) as response:
                return response.status
        async with self._session.get(url, headers=headers) as response:
            page, status = await response.text(errors="replace"), response.status
        if how == "scan" or status != 200:
            return status
        form = Form(page, url)
        async with self._session.post(form.action, data=form.fields, headers=headers) as response:
            return response.status


class Form(HTMLParser):
    """The first POST form of a page: its action, and the values of its fields and first button."""

    def __init__(self, page: str, url: str) -> None:
        super().__init__()
        self.action, self.fields = url, dict[str, str]()
        self._url, self._state = url, "before"
        self._pressed = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self._state == "before" and values.get("method", "").lower() == "post":
            self._state, self.action = "in", urljoin(self._url, values.get("action") or self._url)
        elif self._state == "in" and tag in ("input", "button"):
            self._field(tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._state == "in":
            self._state = "after"

    def _field(self, tag: str, values: dict[str, str]) -> None:
        kind = values.get("type", "submit" if tag == "button" else "text").lower()
        if kind in ("submit", "image"):
            if self._pressed:
                return
            self._pressed = True
        elif kind in ("checkbox", "radio") and "checked" not in values:
            return
        if name := values.get("name"):
            self.fields[name] = values.get("value", "")
