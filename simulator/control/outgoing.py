"""/control for outgoing traffic: link visits, webhook posts, injected events."""

from __future__ import annotations

import sqlite3

import orjson
from aiohttp import web

from simulator import clock
from simulator.api.responses import Problem, error_response, json_response
from simulator.state import SIMULATOR
from simulator.webhook.batching import pack_posts

VISITS = (
    "select link_visits.how, link_visits.url, link_visits.status, link_visits.attempts, link_visits.done_at, "
    "accepted.tw_key, accepted.email "
    "from link_visits join accepted on accepted.seq = link_visits.seq order by link_visits.id"
)
START_SCHEDULED = "update runs set start_at = min(start_at, ?) where state = 'waiting'"
POSTS = "insert into posts (not_before, first_at, events, body) values (?, ?, ?, ?)"


async def link_visits(request: web.Request) -> web.Response:
    """All past and pending link visits: how (one_click, body_unsubscribe, scan), recipient, response status."""
    return json_response(await request.app[SIMULATOR].database.read(VISITS))


async def flush(request: web.Request) -> web.Response:
    """Post now everything that is due or waits for a retry.

    `?recipients=finish` emits all events of active runs; `?scheduled=start` makes scheduled mail due first.
    """
    simulator = request.app[SIMULATOR]
    engine = simulator.engine
    if request.query.get("scheduled") == "start":
        await simulator.database.execute(START_SCHEDULED, clock.now())
    events = await (engine.finish() if request.query.get("recipients") == "finish" else engine.advance())
    posts = await simulator.database.execute("update posts set not_before = ?", clock.now())
    await simulator.database.execute("update link_visits set not_before = ? where done_at is null", clock.now())
    return json_response({"events": events, "posts": posts})


async def inject_events(request: web.Request) -> web.Response:
    """Post the given events unchanged and signed, for example account_status_change: 202."""
    try:
        events = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        return error_response(400, [Problem(str(error), None, None)])
    if not isinstance(events, list) or not events:
        return error_response(400, [Problem("The body must be a non-empty list of events.", None, None)])
    now = clock.now()
    rows = [(now, now, post.events, post.body) for post in pack_posts(events, 0.0)]

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany(POSTS, rows)

    await request.app[SIMULATOR].database.write(change)
    return json_response({"posts": len(rows)}, 202)


ROUTES = [
    web.get("/control/link-visits", link_visits),
    web.post("/control/flush", flush),
    web.post("/control/events", inject_events),
]
