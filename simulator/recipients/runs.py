"""A run: the people of one request who start at the same time, while their lives go on."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from simulator.api.acceptance import send_time
from simulator.api.payload import DECODER, Mail
from simulator.recipients.behaviour import Moment, live
from simulator.recipients.rates import Rates, provider_of
from simulator.recipients.render import Links
from simulator.webhook.events import Message

Happening = tuple[float, int, int, Moment]
"""(offset in seconds, position in the request, number within the life, moment)."""


@dataclass
class Conditions:
    """What, beside seed and key, a life depends on: kept when the run starts, so that a restart changes nothing."""

    speed: float
    rates: dict[str, dict[str, float]]
    suppressed: dict[int, str]
    fate: str | None = None

    def packed(self) -> bytes:
        """As stored."""
        suppressed = {str(position): reason for position, reason in self.suppressed.items()}
        return orjson.dumps({"speed": self.speed, "rates": self.rates, "suppressed": suppressed, "fate": self.fate})

    @classmethod
    def unpacked(cls, stored: bytes) -> Conditions:
        """From what `packed` gave."""
        fields: dict[str, Any] = orjson.loads(stored)
        suppressed = {int(position): reason for position, reason in fields.pop("suppressed").items()}
        return cls(suppressed=suppressed, **fields)


class Run:
    """The timeline of a run, and how much of it has happened."""

    def __init__(self, row: dict[str, Any], conditions: Conditions, seed: int, base: float) -> None:
        self.id, self.request, self.first_seq = row["id"], row["request"], row["first_seq"]
        self.people, self.emitted = row["people"], row["emitted"]
        self.base, self.speed = base, conditions.speed
        self.x_message_id = row["x_message_id"]
        self.seed = seed
        self.mail: Mail = DECODER.decode(row["body"])
        self.links = Links(self.mail)
        self.timeline = timeline(self, row["send_at"], conditions)

    def message(self, position: int) -> Message:
        """The message at a position of the request."""
        return Message(self.seed, self.x_message_id, position, self.mail, self.mail.personalizations[position], self.links)

    def next_at(self) -> float:
        """When the next moment is due; infinite at the end."""
        return self.at(self.emitted) if self.emitted < len(self.timeline) else float("inf")

    def at(self, number: int) -> float:
        """When the `number`-th moment of the run is due."""
        return self.base + self.timeline[number][0] / self.speed

    def left(self) -> int:
        """How many moments are to come."""
        return len(self.timeline) - self.emitted


def timeline(run: Run, send_at: int, conditions: Conditions) -> list[Happening]:
    """Everybody's moments, in the order of time."""
    rates = {provider: Rates(**shares) for provider, shares in conditions.rates.items()}
    found: list[Happening] = []
    for position, person in enumerate(run.mail.personalizations):
        if send_time(run.mail, person) == send_at:
            message = run.message(position)
            provider = provider_of(message.email)
            dropped = conditions.fate or conditions.suppressed.get(position)
            life = live(run.seed, message.key, provider, rates[provider], dropped)
            found += [(moment.offset, position, number, moment) for number, moment in enumerate(life)]
    found.sort(key=itemgetter(0, 1, 2))
    return found
