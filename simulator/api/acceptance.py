"""Accepting a mail: stores the request, its people and their runs in one transaction."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from typing import NamedTuple

from simulator.api.payload import Mail, Personalization
from simulator.database import Database
from simulator.inbox.words import words_of_mail, words_of_person

ENDS = 4_096
"""Bytes hashed at both ends of a body; they contain the keys of the first and the last person, or the content."""


PersonRow = tuple[int, int, int, str, str | None, str | None, str | None, str]


class Accepted(NamedTuple):
    """The ids of an accepted request."""

    request: int
    x_message_id: str


class Acceptance:
    """Numbers requests and people in the order of acceptance."""

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._seed = seed
        self._request = database.next_id("requests")
        self._seq = database.next_id("accepted", "seq")

    def reset(self) -> None:
        """Restart the numbering of people at 1. Request numbers continue, so that message ids stay unique."""
        self._seq = 1

    async def accept(
        self, mail: Mail, body: bytes, now: float, drop_reason: str | None, fault: str | None, status: int
    ) -> Accepted:
        """Returns after the commit. `drop_reason` applies to everybody; `status` is the status of the response."""
        request, first = self._request, self._seq
        self._request += 1
        self._seq += len(mail.personalizations)
        accepted = Accepted(request, message_id(self._seed, request, body))
        people = person_rows(mail, request, first)
        runs = run_rows(mail, request, now)
        campaign, words = mail.campaign(), words_of_mail(mail)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "insert into requests (id, x_message_id, accepted_at, campaign, people, first_seq, drop_reason, body) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                (request, accepted.x_message_id, now, campaign, len(people), first, drop_reason, body),
            )
            connection.executemany(
                "insert into accepted (seq, request, position, email, tw_key, tw_try, tw_chunk, words) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                people,
            )
            connection.execute("insert into request_words (request, words) values (?, ?)", (request, words))
            connection.executemany(
                "insert into runs (request, send_at, start_at, batch_id, people) values (?, ?, ?, ?, ?)", runs
            )
            record_call(connection, now, status, len(people), campaign, fault, accepted=True)

        await self._database.write(change)
        return accepted


def record_call(
    connection: sqlite3.Connection, now: float, status: int, people: int, campaign: str, fault: str | None, accepted: bool
) -> None:
    """Record a POST to mail/send and its outcome; status 0 if no complete response was sent."""
    connection.execute(
        "insert into calls (at, status, people, campaign, fault, accepted) values (?, ?, ?, ?, ?, ?)",
        (now, status, people, campaign, fault, accepted),
    )


def message_id(seed: int, request: int, body: bytes) -> str:
    """22 characters without a dot, like SendGrid's; derived from seed, request number and body, so that ids are unique."""
    return short_id(f"{seed}\x1f{request}\x1f{len(body)}\x1f{body[:ENDS]!r}\x1f{body[-ENDS:]!r}")


def short_id(name: str) -> str:
    """16 bytes of hash in URL-safe base64."""
    return (
        base64.urlsafe_b64encode(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=16).digest())
        .rstrip(b"=")
        .decode()
    )


def person_rows(mail: Mail, request: int, first: int) -> list[PersonRow]:
    """One row per personalization: (seq, request, position, email, tw_key, tw_try, tw_chunk, words)."""
    rows = []
    for at, person in enumerate(mail.personalizations):
        args = merged_args(mail, person)
        email = person.to[0].email if person.to else ""
        keys = args.get("tw_key"), args.get("tw_try"), args.get("tw_chunk")
        rows.append((first + at, request, at, email, *keys, words_of_person(person, email)))
    return rows


def merged_args(mail: Mail, person: Personalization) -> dict[str, str]:
    """custom_args of both levels; the personalization's take precedence."""
    if mail.custom_args:
        return {**mail.custom_args, **(person.custom_args or {})}
    return person.custom_args or {}


def send_time(mail: Mail, person: Personalization) -> int:
    """The effective send_at of a person; 0 if there is none."""
    return person.send_at or mail.send_at or 0


def run_rows(mail: Mail, request: int, now: float) -> list[tuple[int, int, float, str | None, int]]:
    """One row per distinct send_at: (request, send_at, start_at, batch_id, people)."""
    sizes: dict[int, int] = {}
    for person in mail.personalizations:
        at = send_time(mail, person)
        sizes[at] = sizes.get(at, 0) + 1
    batch = mail.batch_id or None
    return [(request, at, max(now, float(at)), batch, size) for at, size in sorted(sizes.items())]
