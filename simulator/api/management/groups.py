"""Unsubscribe groups and their suppressed addresses; neither is paginated."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec
from aiohttp import web

from simulator import clock
from simulator.api.management.parsing import BadRequest, parse_body
from simulator.api.management.suppressions import Recipients
from simulator.api.responses import json_response
from simulator.state import SIMULATOR

MAX_NAME, MAX_DESCRIPTION = 30, 100
GROUPS = (
    'select id, name, description, is_default, (select count(*) from group_suppressions where group_id = "groups".id) '
    'as unsubscribes from "groups" where ? in (0, id) order by id'
)


class Group(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a group."""

    name: str
    description: str
    is_default: bool = False


async def groups(request: web.Request) -> web.Response:
    """All groups."""
    return json_response([_shown(row) for row in await request.app[SIMULATOR].database.read(GROUPS, 0)])


async def group(request: web.Request) -> web.Response:
    """One group."""
    return json_response(_shown(await _known(request)))


async def create(request: web.Request) -> web.Response:
    """Create a group: 201 with its id."""
    requested, simulator = await parse_body(request, Group), request.app[SIMULATOR]
    if not 0 < len(requested.name) <= MAX_NAME:
        raise BadRequest(400, f"name must have 1 to {MAX_NAME} characters", "name")
    if not 0 < len(requested.description) <= MAX_DESCRIPTION:
        raise BadRequest(400, f"description must have 1 to {MAX_DESCRIPTION} characters", "description")
    sql = 'insert into "groups" (name, description, is_default) values (?, ?, ?) returning id'

    def change(connection: sqlite3.Connection) -> int:
        return int(connection.execute(sql, (requested.name, requested.description, requested.is_default)).fetchone()[0])

    number = await simulator.database.write(change)
    simulator.groups.add(number)
    return json_response({"id": number, **msgspec.to_builtins(requested)}, 201)


async def delete(request: web.Request) -> web.Response:
    """Delete a group and its suppressions: 204."""
    row, simulator = await _known(request), request.app[SIMULATOR]
    await simulator.database.execute("delete from group_suppressions where group_id = ?", row["id"])
    await simulator.database.execute('delete from "groups" where id = ?', row["id"])
    simulator.groups.discard(row["id"])
    return web.Response(status=204)


async def members(request: web.Request) -> web.Response:
    """The suppressed addresses of a group."""
    row = await _known(request)
    sql = "select email from group_suppressions where group_id = ? order by created, email"
    return json_response([found["email"] for found in await request.app[SIMULATOR].database.read(sql, row["id"])])


async def add(request: web.Request) -> web.Response:
    """Suppress addresses for a group: 201."""
    row, requested, now = await _known(request), await parse_body(request, Recipients), int(clock.now())
    emails = [email.lower() for email in requested.recipient_emails]
    sql = "insert into group_suppressions (group_id, email, created) values (?, ?, ?) on conflict do nothing"
    rows = [(row["id"], email, now) for email in emails]
    await request.app[SIMULATOR].database.write(lambda connection: connection.executemany(sql, rows).rowcount)
    return json_response({"recipient_emails": emails}, 201)


async def remove(request: web.Request) -> web.Response:
    """Remove an address from the suppressions of a group: 204."""
    row = await _known(request)
    sql = "delete from group_suppressions where group_id = ? and email = ?"
    await request.app[SIMULATOR].database.execute(sql, row["id"], request.match_info["email"].lower())
    return web.Response(status=204)


async def _known(request: web.Request) -> dict[str, Any]:
    rows = await request.app[SIMULATOR].database.read(GROUPS, int(request.match_info["id"]))
    if not rows:
        raise BadRequest(404, "not found", "group_id")
    return rows[0]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "is_default": bool(row["is_default"])}


ROUTES = [
    web.get("/v3/asm/groups", groups),
    web.post("/v3/asm/groups", create),
    web.get("/v3/asm/groups/{id:[1-9][0-9]*}", group),
    web.delete("/v3/asm/groups/{id:[1-9][0-9]*}", delete),
    web.get("/v3/asm/groups/{id:[1-9][0-9]*}/suppressions", members),
    web.post("/v3/asm/groups/{id:[1-9][0-9]*}/suppressions", add),
    web.delete("/v3/asm/groups/{id:[1-9][0-9]*}/suppressions/{email}", remove),
]
