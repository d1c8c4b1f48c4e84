"""Batch ids; pausing and cancelling batches, at most 10 at a time."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Literal

import msgspec
from aiohttp import web

from simulator import clock
from simulator.api.management.parsing import BadRequest, parse_body
from simulator.api.responses import json_response
from simulator.state import SIMULATOR, Simulator

MAX_HELD = 10


class Schedule(msgspec.Struct, forbid_unknown_fields=True):
    """The body that pauses or cancels a batch."""

    batch_id: str
    status: Literal["pause", "cancel"]


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """The body that changes the status of a paused or cancelled batch."""

    status: Literal["pause", "cancel"]


async def make_batch(request: web.Request) -> web.Response:
    """Create a batch id: 201."""
    simulator, batch_id, now = request.app[SIMULATOR], secrets.token_urlsafe(36), clock.now()
    await simulator.database.execute("insert into batches (batch_id, created) values (?, ?)", batch_id, now)
    simulator.batches[batch_id] = now
    return json_response({"batch_id": batch_id}, 201)


async def batch(request: web.Request) -> web.Response:
    """200 for a valid batch id, else 400."""
    batch_id = request.match_info["batch_id"]
    _must_know(request.app[SIMULATOR], batch_id)
    return json_response({"batch_id": batch_id})


async def schedules(request: web.Request) -> web.Response:
    """All paused and cancelled batches."""
    return json_response(
        await request.app[SIMULATOR].database.read("select batch_id, status from schedules order by batch_id")
    )


async def schedule(request: web.Request) -> web.Response:
    """The status of one batch: a list with one entry, or an empty list."""
    sql = "select batch_id, status from schedules where batch_id = ?"
    return json_response(await request.app[SIMULATOR].database.read(sql, request.match_info["batch_id"]))


async def hold(request: web.Request) -> web.Response:
    """Pause or cancel a batch: 201."""
    requested, simulator = await parse_body(request, Schedule), request.app[SIMULATOR]
    _must_know(simulator, requested.batch_id)

    def change(connection: sqlite3.Connection) -> str | None:
        held = [row[0] for row in connection.execute("select batch_id from schedules")]
        if requested.batch_id in held:
            return "The batch_id already has a status. Use PATCH to change it."
        if len(held) >= MAX_HELD:
            return f"At most {MAX_HELD} batches may be paused or cancelled at the same time."
        connection.execute("insert into schedules values (?, ?, ?)", (requested.batch_id, requested.status, clock.now()))
        return None

    if refused := await simulator.database.write(change):
        raise BadRequest(400, refused, "batch_id")
    return json_response({"batch_id": requested.batch_id, "status": requested.status}, 201)


async def change(request: web.Request) -> web.Response:
    """Change pause to cancel or back: 204. The batch stays on hold throughout, so `set_at` does not change."""
    requested = await parse_body(request, Change)
    sql = "update schedules set status = ? where batch_id = ?"
    batch_id = request.match_info["batch_id"]
    if not await request.app[SIMULATOR].database.execute(sql, requested.status, batch_id):
        raise BadRequest(404, "batch id not found", "batch_id")
    return web.Response(status=204)


async def release(request: web.Request) -> web.Response:
    """Resume a batch: 204. Runs that were due while it was cancelled are already discarded."""
    batch_id = request.match_info["batch_id"]
    if not await request.app[SIMULATOR].database.execute("delete from schedules where batch_id = ?", batch_id):
        raise BadRequest(404, "batch id not found", "batch_id")
    return web.Response(status=204)


def _must_know(simulator: Simulator, batch_id: str) -> None:
    if not simulator.batch_exists(batch_id):
        raise BadRequest(400, "invalid batch id", "batch_id")


ROUTES = [
    web.post("/v3/mail/batch", make_batch),
    web.get("/v3/mail/batch/{batch_id}", batch),
    web.get("/v3/user/scheduled_sends", schedules),
    web.post("/v3/user/scheduled_sends", hold),
    web.get("/v3/user/scheduled_sends/{batch_id}", schedule),
    web.patch("/v3/user/scheduled_sends/{batch_id}", change),
    web.delete("/v3/user/scheduled_sends/{batch_id}", release),
]
