"""SendGrid's suppression lists, and the reasons for dropping messages to their addresses."""

from __future__ import annotations

import sqlite3
from typing import Any

from simulator.api.payload import Mail
from simulator.database import Database
from simulator.webhook.events import Event

LISTS = ("bounces", "blocks", "invalid_emails", "spam_reports", "unsubscribes")
DROP_REASONS = {
    "bounces": "Bounced Address",
    "invalid_emails": "Invalid",
    "spam_reports": "Spam Reporting Address",
    "unsubscribes": "Unsubscribed Address",
}
"""The list `blocks` does not suppress."""


async def suppressed_positions(database: Database, mail: Mail) -> dict[int, str]:
    """Drop reasons by position, for the suppressed people of a mail."""
    if _bypassed(mail, "bypass_list_management"):
        return {}
    kinds = set(DROP_REASONS) - ({"bounces"} if _bypassed(mail, "bypass_bounce_management") else set())
    kinds -= {"spam_reports"} if _bypassed(mail, "bypass_spam_management") else set()
    unsubscribes = not _bypassed(mail, "bypass_unsubscribe_management")
    kinds -= set() if unsubscribes else {"unsubscribes"}
    listed = await _listed(database, kinds)
    group = await _group(database, mail) if unsubscribes else set()
    return _positions(mail, listed, group)


async def _listed(database: Database, kinds: set[str]) -> dict[str, str]:
    rows = await database.read("select email, kind from suppressions where kind <> 'blocks' order by kind desc")
    return {row["email"]: DROP_REASONS[row["kind"]] for row in rows if row["kind"] in kinds}


async def _group(database: Database, mail: Mail) -> set[str]:
    if not mail.asm:
        return set()
    rows = await database.read("select email from group_suppressions where group_id = ?", mail.asm.group_id)
    return {row["email"] for row in rows}


def _positions(mail: Mail, listed: dict[str, str], group: set[str]) -> dict[int, str]:
    found = {}
    for position, person in enumerate(mail.personalizations):
        email = person.to[0].email.lower() if person.to else ""
        if email in listed:
            found[position] = listed[email]
        elif email in group:
            found[position] = "Unsubscribed Address"
    return found


def _bypassed(mail: Mail, name: str) -> bool:
    switch = getattr(mail.mail_settings, name) if mail.mail_settings else None
    return bool(switch and switch.enable)


def list_of(event: Event) -> str | None:
    """The suppression list to which an event adds its address."""
    if event["event"] == "bounce":
        return "bounces" if event["type"] == "bounce" else "blocks"
    if event["event"] == "dropped" and event["reason"] == "Invalid":
        return "invalid_emails"
    return {"spamreport": "spam_reports", "unsubscribe": "unsubscribes"}.get(event["event"])


def suppress(connection: sqlite3.Connection, kind: str, email: str, created: int, why: dict[str, Any]) -> None:
    """Add an address to a list; an existing entry is kept."""
    connection.execute(
        "insert into suppressions (kind, email, created, reason, status, ip) values (?, ?, ?, ?, ?, ?) "
        "on conflict do nothing",
        (kind, email.lower(), created, why.get("reason"), why.get("status"), why.get("ip")),
    )
