"""The events since the last flush, written in one transaction.

The transaction contains the posts, the progress of every run and the side effects of the events, so that a kill -9 neither
loses nor repeats an event.
"""

from __future__ import annotations

import sqlite3
from random import Random

from simulator.database import increment_total
from simulator.faults.armed import Faults
from simulator.recipients.link_visits import LINK_VISIT_KINDS, link_visit_for, provider_unsubscribe
from simulator.recipients.runs import Run
from simulator.recipients.side_effects import SideEffects, tracked_day
from simulator.webhook.batching import Post, build_posts
from simulator.webhook.events import Event, event_of


class Flush:
    """Collects events, then writes them in one transaction."""

    def __init__(self, now: float, random: Random, faults: Faults, speed: float) -> None:
        self.now, self.random, self.faults, self.speed = now, random, faults, speed
        self.progress: dict[int, tuple[int, str]] = {}
        self.events = 0
        self.side_effects = SideEffects()
        self._events: list[Event] = []
        self._posts: list[Post] = []

    def add_next(self, run: Run, timestamp: int) -> None:
        """Add the next entry of a run: an event, a link visit, or nothing if tracking is off."""
        _, position, number, entry = run.timeline[run.emitted]
        run.emitted += 1
        message, seq = run.message(position), run.first_seq + position
        if entry.kind in LINK_VISIT_KINDS:
            if link_visit := link_visit_for(message, entry):
                self.side_effects.link_visits.append((seq, *link_visit, self.now))
                return
            entry = provider_unsubscribe(message, entry) or entry
        event = event_of(message, entry, number, timestamp) if entry.kind not in LINK_VISIT_KINDS else None
        if event is None:
            return
        self.events += 1
        self.side_effects.add_event(event, seq, tracked_day(timestamp), message.mail.categories or [])
        self._events.append(event)

    def pack(self) -> None:
        """Build the posts from the events, after applying the webhook faults."""
        deliveries = self.faults.applied_to(self._events)
        self._posts = [post for events in deliveries for post in build_posts(events, self.random, self.speed)]
        self._events = []

    def apply(self, connection: sqlite3.Connection) -> None:
        """Write everything; runs inside the transaction."""
        connection.executemany(
            "insert into posts (not_before, first_at, events, body) values (?, ?, ?, ?)",
            [(self.now + post.delay, self.now, post.events, post.body) for post in self._posts],
        )
        connection.executemany(
            "update runs set emitted = ?, state = ?, progress_at = ? where id = ?",
            [(emitted, state, self.now, run_id) for run_id, (emitted, state) in self.progress.items()],
        )
        self.side_effects.apply(connection)
        increment_total(connection, "events", self.events)
