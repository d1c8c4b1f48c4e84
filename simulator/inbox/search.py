"""Which messages the inbox lists: newest first, by words, address, campaign and state, one page at a time.

A word is searched in what a message has of its own (`accepted.words`) and in what all messages of its request share
(`request_words`). So a million messages cost one pass over short texts, and the words of a template are stored once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from simulator.database import Database
from simulator.inbox.marks import ERASED, STATE, STATES

PAGE = 50
MAX_PAGE = 500
ROWS = (
    "select seq, request, position, email, tw_key, tw_try, tw_chunk, status, opens, clicks, last_event_at, "
    f"{STATE} as state from accepted where {{conditions}} order by seq desc limit ?"
)
SHARED = "select request from request_words where instr(words, ?)"
OF_CAMPAIGN = "request in (select id from requests where campaign = ?)"
TOTALS = "select campaign, sum(people) as people from requests group by campaign order by campaign"
REQUESTS = "select id, x_message_id, accepted_at, campaign, body from requests where id in (select value from json_each(?))"


@dataclass
class Query:
    """What is searched. `unknown`: words such as `is:nothing`, which are reported and not searched."""

    words: list[str] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    campaigns: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def parse(text: str, state: str = "", campaign: str = "") -> Query:
    """A query from the search field (`to:`, `is:`, `campaign:` and words) and from the choices beside it."""
    found = Query(states=[state] if state in STATES else [], campaigns=[campaign] if campaign else [])
    for word in text.split():
        name, _, value = word.partition(":")
        wanted = value.replace("_", " ").lower()
        if name == "to" and value:
            found.to.append(value.lower())
        elif name == "campaign" and value:
            found.campaigns.append(value)
        elif name == "is":
            (found.states if wanted in STATES else found.unknown).append(wanted)
        else:
            found.words.append(word.lower())
    return found


async def find(database: Database, query: Query, before: int | None, limit: int) -> list[dict[str, Any]]:
    """At most `limit` rows of `accepted` with their state, newest first, older than seq `before`."""
    clauses, values = [f"marks & {ERASED} = 0"], list[Any]()
    if before is not None:
        clauses.append("seq < ?")
        values.append(before)
    clauses += [STATES[state] for state in query.states]
    for campaign in query.campaigns:
        clauses.append(OF_CAMPAIGN)
        values.append(campaign)
    for address in query.to:
        clauses.append("instr(lower(email), ?)")
        values.append(address)
    for word in query.words:
        shared = [row["request"] for row in await database.read(SHARED, word)]
        clauses.append("instr(words, ?) or request in (select value from json_each(?))" if shared else "instr(words, ?)")
        values += [word, json.dumps(shared)] if shared else [word]
    conditions = " and ".join(f"({clause})" for clause in clauses)
    return await database.read(ROWS.format(conditions=conditions), *values, limit)


async def requests_of(database: Database, rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The requests of rows, by id."""
    wanted = json.dumps(sorted({row["request"] for row in rows}))
    return {row["id"]: row for row in await database.read(REQUESTS, wanted)}


async def campaigns(database: Database) -> dict[str, int]:
    """Number of accepted messages by campaign."""
    return {row["campaign"]: row["people"] for row in await database.read(TOTALS)}
