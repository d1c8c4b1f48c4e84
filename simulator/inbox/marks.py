"""What happened to a message, as bits of `accepted.marks`, and the state that the inbox shows."""

from __future__ import annotations

import sqlite3

BOUNCED, DROPPED, DEFERRED, UNSUBSCRIBED, COMPLAINED, ERASED = 1, 2, 4, 8, 16, 32
OF_EVENT = {
    "bounce": BOUNCED,
    "dropped": DROPPED,
    "deferred": DEFERRED,
    "unsubscribe": UNSUBSCRIBED,
    "group_unsubscribe": UNSUBSCRIBED,
    "spamreport": COMPLAINED,
}
STATES = {
    "spam report": f"marks & {COMPLAINED}",
    "unsubscribed": f"marks & {UNSUBSCRIBED}",
    "bounced": f"marks & {BOUNCED}",
    "dropped": f"marks & {DROPPED}",
    "clicked": "clicks > 0",
    "opened": "opens > 0",
    "delivered": "status = 'delivered'",
    "deferred": f"marks & {DEFERRED} and status = 'processed'",
    "processed": "status = 'processed'",
    "accepted": "status = 'accepted'",
}
"""Condition in SQL by state, the one that says most first; a message has all states whose condition holds."""
STATE = (
    "case "
    + " ".join(f"when {condition} then '{state}'" for state, condition in STATES.items())
    + " else 'not delivered' end"
)
"""SQL of the state that says most."""


def mark(connection: sqlite3.Connection, seq: int, bit: int) -> None:
    """Set a bit of a message."""
    connection.execute("update accepted set marks = marks | ? where seq = ?", (bit, seq))
