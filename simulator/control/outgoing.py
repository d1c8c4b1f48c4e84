"""What goes out of the simulator: visits to the edge, posts to the webhook, events that a test hands in."""

from __future__ import annotations

import sqlite3
import time

import orjson
from aiohttp import web

from simulator.api.answers import Problem, errors, json_answer
from simulator.state import SIMULATOR
from simulator.webhook.batching import packed

VISITS = (
    "select visits.how, visits.url, visits.status, visits.attempts, visits.done_at, accepted.tw_key, accepted.email "
    "from visits join accepted on accepted.seq = visits.seq order by visits.id"
)
POSTS = "insert into posts (not_before, first_at, events, body) values (?, ?, ?, ?)"


async def visits(request: web.Request) -> web.Response:
    """Every unsubscribe link that was, or will be, followed: how (one_click, body_unsubscribe, scan), whose, the answer."""
    return json_answer(await request.app[SIMULATOR].record.read(VISITS))


async def flush(request: web.Request) -> web.Response:
    """Post at once whatever is due or waits for another try; `?lives=finish` lets every life that has begun end now."""
    simulator = request.app[SIMULATOR]
    engine = simulator.engine
    events = await (engine.finish() if request.query.get("lives") == "finish" else engine.step())
    posts = await simulator.record.execute("update posts set not_before = ?", time.time())
    await simulator.record.execute("update visits set not_before = ? where done_at is null", time.time())
    return json_answer({"events": events, "posts": posts})


async def hand_in(request: web.Request) -> web.Response:
    """Post these events, signed, as they are: account_status_change, or whatever a test wants to be told. 202."""
    try:
        events = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        return errors(400, [Problem(str(error), None, None)])
    if not isinstance(events, list) or not events:
        return errors(400, [Problem("A list of events, please.", None, None)])
    now = time.time()
    rows = [(now, now, post.events, post.body) for post in packed(events, 0.0)]

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany(POSTS, rows)

    await request.app[SIMULATOR].record.write(change)
    return json_answer({"posts": len(rows)}, 202)


ROUTES = [
    web.get("/control/visits", visits),
    web.post("/control/flush", flush),
    web.post("/control/events", hand_in),
]
