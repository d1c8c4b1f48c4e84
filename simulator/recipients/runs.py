"""A run: the people of one request with the same start time, and their merged timeline."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from simulator.api.acceptance import send_time
from simulator.api.payload import DECODER, Mail
from simulator.recipients.behaviour import message_timeline
from simulator.recipients.rates import Rates, provider_of
from simulator.recipients.render import Links
from simulator.recipients.timeline import TimelineEntry
from simulator.webhook.events import Message

RunEntry = tuple[float, int, int, TimelineEntry]
"""(offset in seconds, position in the request, number within the message's timeline, entry)."""


@dataclass
class Conditions:
    """The inputs of a timeline besides seed and key. Stored when the run starts, so that a restart changes nothing."""

    speed: float
    rates: dict[str, dict[str, float]]
    suppressed: dict[int, str]
    drop_reason: str | None = None

    def to_json(self) -> bytes:
        """The stored form."""
        suppressed = {str(position): reason for position, reason in self.suppressed.items()}
        return orjson.dumps(
            {"speed": self.speed, "rates": self.rates, "suppressed": suppressed, "drop_reason": self.drop_reason}
        )

    @classmethod
    def from_json(cls, stored: bytes) -> Conditions:
        """The inverse of `to_json`."""
        fields: dict[str, Any] = orjson.loads(stored)
        suppressed = {int(position): reason for position, reason in fields.pop("suppressed").items()}
        return cls(suppressed=suppressed, **fields)


class Run:
    """The timeline of a run and its progress."""

    def __init__(self, row: dict[str, Any], conditions: Conditions, seed: int, base: float) -> None:
        self.id: int = row["id"]
        self.request: int = row["request"]
        self.first_seq: int = row["first_seq"]
        self.people: int = row["people"]
        self.emitted: int = row["emitted"]
        self.x_message_id: str = row["x_message_id"]
        self.base, self.speed, self.seed = base, conditions.speed, seed
        self.mail: Mail = DECODER.decode(row["body"])
        self.links = Links(self.mail)
        self.timeline = run_timeline(self, row["send_at"], conditions)

    def message(self, position: int) -> Message:
        """The message at a position of the request."""
        return Message(self.seed, self.x_message_id, position, self.mail, self.mail.personalizations[position], self.links)

    def next_at(self) -> float:
        """When the next entry is due; infinite at the end."""
        return self.at(self.emitted) if self.emitted < len(self.timeline) else float("inf")

    def at(self, number: int) -> float:
        """When the `number`-th entry of the run is due."""
        return self.base + self.timeline[number][0] / self.speed

    def left(self) -> int:
        """Number of entries that have not been emitted."""
        return len(self.timeline) - self.emitted


def run_timeline(run: Run, send_at: int, conditions: Conditions) -> list[RunEntry]:
    """The timelines of all people of the run, merged in order of time."""
    rates = {provider: Rates(**shares) for provider, shares in conditions.rates.items()}
    found: list[RunEntry] = []
    for position, person in enumerate(run.mail.personalizations):
        if send_time(run.mail, person) == send_at:
            message = run.message(position)
            provider = provider_of(message.email)
            dropped = conditions.drop_reason or conditions.suppressed.get(position)
            timeline = message_timeline(run.seed, message.key, provider, rates[provider], dropped)
            found += [(entry.offset, position, number, entry) for number, entry in enumerate(timeline)]
    found.sort(key=itemgetter(0, 1, 2))
    return found
