"""What happened in the lives since the last flush, and the one transaction in which it is recorded.

It holds the posts, the progress of every run and all that follows from the events, so that a kill -9 neither loses an event
nor lives a moment twice.
"""

from __future__ import annotations

import sqlite3
from random import Random

from simulator.faults.armed import Faults
from simulator.recipients.link_visits import KINDS as VISITS
from simulator.recipients.link_visits import instead, visit_for
from simulator.recipients.runs import Run
from simulator.recipients.side_effects import Consequences, tracked_day
from simulator.record import count
from simulator.webhook.batching import Post, posts
from simulator.webhook.events import Event, event_of


class Flush:
    """What happened since the last flush, to be recorded in one transaction."""

    def __init__(self, now: float, dice: Random, faults: Faults, speed: float) -> None:
        self.now, self.dice, self.faults, self.speed = now, dice, faults, speed
        self.progress: dict[int, tuple[int, str]] = {}
        self.events = 0
        self.consequences = Consequences()
        self._events: list[Event] = []
        self._posts: list[Post] = []

    def take(self, run: Run, timestamp: int) -> None:
        """The next moment of a run: an event, a visit to the edge, or nothing where tracking is off."""
        _, position, number, moment = run.timeline[run.emitted]
        run.emitted += 1
        message, seq = run.message(position), run.first_seq + position
        if moment.kind in VISITS:
            if visit := visit_for(message, moment):
                self.consequences.visits.append((seq, *visit, self.now))
                return
            moment = instead(message, moment) or moment
        event = event_of(message, moment, number, timestamp) if moment.kind not in VISITS else None
        if event is None:
            return
        self.events += 1
        self.consequences.follow(event, seq, tracked_day(timestamp), message.mail.categories or [])
        self._events.append(event)

    def pack(self) -> None:
        """Events into posts, with what the webhook faults make of them."""
        deliveries = self.faults.disturbed(self._events)
        self._posts = [post for events in deliveries for post in posts(events, self.dice, self.speed)]
        self._events = []

    def apply(self, connection: sqlite3.Connection) -> None:
        """The transaction."""
        connection.executemany(
            "insert into posts (not_before, first_at, events, body) values (?, ?, ?, ?)",
            [(self.now + post.delay, self.now, post.events, post.body) for post in self._posts],
        )
        connection.executemany(
            "update runs set emitted = ?, state = ?, progress_at = ? where id = ?",
            [(emitted, state, self.now, run_id) for run_id, (emitted, state) in self.progress.items()],
        )
        self.consequences.apply(connection)
        count(connection, "events", self.events)
