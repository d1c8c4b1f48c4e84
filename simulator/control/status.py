"""/control: counts, accepted personalizations, duplicates, reset."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson
from aiohttp import web

from simulator.api.responses import json_response
from simulator.recipients.rates import rates_with
from simulator.recipients.side_effects import totals
from simulator.state import SIMULATOR, Simulator

PAGE = 1_000
MAX_ROWS = 10_000
ACCEPTED = (
    'select seq, position, email, email as "to", tw_key, tw_try, tw_chunk, status, opens, clicks, last_event_at, '
    "x_message_id, campaign, accepted_at from accepted join requests on requests.id = accepted.request "
)
DUPLICATES = (
    "select tw_key, count(*) as times, json_group_array(seq) as seqs from accepted "
    "where tw_key is not null group by tw_key having count(*) > 1 order by tw_key"
)
TABLES = (
    "requests", "request_words", "accepted", "calls", "runs", "posts", "totals", "suppressions", "groups",
    "group_suppressions", "batches", "schedules", "stats", "link_visits", "erasures",
)  # fmt: skip


async def status(request: web.Request) -> web.Response:
    """Counts of one moment; `quiet` is true when nothing is active or queued."""
    simulator = request.app[SIMULATOR]
    async with simulator.engine.held():
        return await _status(simulator)


async def _status(simulator: Simulator) -> web.Response:
    database = simulator.database
    kept = totals(await database.read("select name, value from totals"))
    sums = (await database.read("select count(*) as requests, coalesce(sum(people), 0) as people from requests"))[0]
    waiting = (
        await database.read("select count(*) as runs, coalesce(sum(people), 0) as people from runs where state = 'waiting'")
    )[0]
    posts = (await database.read("select count(*) as posts, coalesce(sum(events), 0) as events from posts"))[0]
    link_visits = await database.value("select count(*) from link_visits where done_at is null")
    pending = simulator.engine.pending()
    counts = {
        "accepted_requests": sums["requests"],
        "accepted_personalizations": sums["people"],
        "events_emitted": kept.get("events", 0),
        "events_pending": pending,
        "runs_waiting": waiting["runs"],
        "people_waiting": waiting["people"],
        "posts_pending": posts["posts"],
        "events_in_pending_posts": posts["events"],
        "posts_total": kept.get("posts", 0),
        "events_posted": kept.get("events_posted", 0),
        "posts_given_up": kept.get("posts_given_up", 0),
        "link_visits_pending": link_visits,
        "webhook": simulator.settings.webhook,
        "seed": simulator.settings.seed,
    }
    quiet = not (pending or waiting["runs"] or posts["posts"] or (link_visits and simulator.settings.edge))
    return json_response({**counts, "quiet": quiet})


async def accepted(request: web.Request) -> web.Response:
    """Accepted personalizations, oldest first, after seq `since`; filters: campaign, tw_key, tw_chunk, email, message id."""
    query = request.query
    limit = min(int(query.get("limit", PAGE)), MAX_ROWS)
    wanted = {name: query.get(name) for name in ("campaign", "tw_key", "tw_chunk", "email", "x_message_id")}
    clauses = [f"{name} = ?" for name, value in wanted.items() if value is not None]
    parameters: list[Any] = [value for value in wanted.values() if value is not None]
    where = " and ".join(["seq > ?", *clauses])
    rows = await request.app[SIMULATOR].database.read(
        f"{ACCEPTED} where {where} order by seq limit ? offset ?",
        int(query.get("since", 0)),
        *parameters,
        limit,
        int(query.get("offset", 0)),
    )
    return json_response(rows)


async def accepted_stream(request: web.Request) -> web.StreamResponse:
    """All accepted personalizations, one JSON object per line."""
    counts = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await counts.prepare(request)
    last = 0
    while rows := await request.app[SIMULATOR].database.read(
        f"{ACCEPTED} where seq > ? order by seq limit ?", last, MAX_ROWS
    ):
        await counts.write(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        last = rows[-1]["seq"]
    await counts.write_eof()
    return counts


async def duplicates(request: web.Request) -> web.Response:
    """The message keys that were accepted more than once."""
    rows = await request.app[SIMULATOR].database.read(DUPLICATES)
    return json_response([{**row, "seqs": orjson.loads(row["seqs"])} for row in rows])


async def requests(request: web.Request) -> web.Response:
    """Counts of POSTs to mail/send: total, by status (0: no complete response) and by fault."""
    database = request.app[SIMULATOR].database
    by_status = await database.read("select status, count(*) as calls from calls group by status order by status")
    by_fault = await database.read("select fault, count(*) as calls from calls where fault is not null group by fault")
    return json_response({
        "total": sum(row["calls"] for row in by_status),
        "accepted": await database.value("select count(*) from calls where accepted"),
        "statuses": {str(row["status"]): row["calls"] for row in by_status},
        "faults": {row["fault"]: row["calls"] for row in by_fault},
    })  # fmt: skip


async def reset(request: web.Request) -> web.Response:
    """Delete everything except the webhook key, as if the data folder were new."""
    simulator = request.app[SIMULATOR]
    simulator.faults.disarm()
    simulator.engine.rates = rates_with({})
    await simulator.engine.reset(_delete_all)
    simulator.batches.clear()
    simulator.groups.clear()
    simulator.acceptance.reset()
    return json_response({"reset": True})


def _delete_all(connection: sqlite3.Connection) -> None:
    for table in TABLES:
        connection.execute(f"delete from {table}")


ROUTES = [
    web.get("/control/status", status),
    web.get("/control/accepted", accepted),
    web.get("/control/accepted.ndjson", accepted_stream),
    web.get("/control/duplicates", duplicates),
    web.get("/control/requests", requests),
    web.post("/control/reset", reset),
]
