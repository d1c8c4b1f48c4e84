"""Suppression lists and global unsubscribes."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from simulator import clock
from simulator.api.management.parsing import BadRequest, parse_body, query_integer
from simulator.api.responses import json_response
from simulator.recipients.suppression import LISTS, suppress
from simulator.state import SIMULATOR

MAX_ROWS = 500
FOREVER = 2**40
COLUMNS = {
    "bounces": ("created", "email", "reason", "status"),
    "blocks": ("created", "email", "reason", "status"),
    "invalid_emails": ("created", "email", "reason"),
    "spam_reports": ("created", "email", "ip"),
    "unsubscribes": ("created", "email"),
}


class Recipients(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a global unsubscription."""

    recipient_emails: list[str]


class Removal(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a deletion from a list."""

    emails: list[str] = []
    delete_all: bool = False


def listing(kind: str) -> Handler:
    """The handler that pages through a list: 1 to 500 rows; start_time and end_time in Unix seconds, inclusive."""

    async def rows(request: web.Request) -> web.Response:
        found = await request.app[SIMULATOR].database.read(
            "select * from suppressions where kind = ? and created between ? and ? order by created, email limit ? offset ?",
            kind,
            query_integer(request, "start_time", 0, 0, FOREVER),
            query_integer(request, "end_time", FOREVER, 0, FOREVER),
            query_integer(request, "limit", MAX_ROWS, 1, MAX_ROWS),
            query_integer(request, "offset", 0, 0, FOREVER),
        )
        return json_response([shown(kind, row) for row in found])

    return rows


def shown(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row with the columns of its list."""
    return {name: row[name] or "" if name != "created" else row[name] for name in COLUMNS[kind]}


async def one(request: web.Request) -> web.Response:
    """The entry of an address: a list with one entry, or an empty list."""
    kind, email = request.match_info["kind"], request.match_info["email"].lower()
    rows = await request.app[SIMULATOR].database.read("select * from suppressions where kind = ? and email = ?", kind, email)
    return json_response([shown(kind, row) for row in rows])


async def remove(request: web.Request) -> web.Response:
    """Remove the given addresses or all entries of a list: 204."""
    kind, requested = request.match_info["kind"], await parse_body(request, Removal)
    if requested.delete_all == bool(requested.emails):
        raise BadRequest(400, "Provide either delete_all or emails", "delete_all")
    emails = [email.lower() for email in requested.emails]

    def change(connection: sqlite3.Connection) -> None:
        if requested.delete_all:
            connection.execute("delete from suppressions where kind = ?", (kind,))
        connection.executemany("delete from suppressions where kind = ? and email = ?", [(kind, email) for email in emails])

    await request.app[SIMULATOR].database.write(change)
    return web.Response(status=204)


async def remove_one(request: web.Request) -> web.Response:
    """Remove one address from a list: 204, or 404 if it is not listed."""
    kind, email = request.match_info["kind"], request.match_info["email"].lower()
    gone = await request.app[SIMULATOR].database.execute(
        "delete from suppressions where kind = ? and email = ?", kind, email
    )
    if not gone:
        raise BadRequest(404, "not found", "email")
    return web.Response(status=204)


async def unsubscribe(request: web.Request) -> web.Response:
    """Add global unsubscribes: 201 with the stored addresses."""
    requested = await parse_body(request, Recipients)
    if not requested.recipient_emails:
        raise BadRequest(400, "recipient_emails must not be empty", "recipient_emails")
    now = int(clock.now())

    def change(connection: sqlite3.Connection) -> None:
        for email in requested.recipient_emails:
            suppress(connection, "unsubscribes", email, now, {})

    await request.app[SIMULATOR].database.write(change)
    return json_response({"recipient_emails": [email.lower() for email in requested.recipient_emails]}, 201)


async def globally(request: web.Request) -> web.Response:
    """Whether an address is globally unsubscribed: `{"recipient_email": …}`, or `{}`."""
    email = request.match_info["email"].lower()
    sql = "select email from suppressions where kind = 'unsubscribes' and email = ?"
    found = await request.app[SIMULATOR].database.value(sql, email)
    return json_response({"recipient_email": found} if found else {})


async def resubscribe(request: web.Request) -> web.Response:
    """Remove an address from the global unsubscribes: 204."""
    sql = "delete from suppressions where kind = 'unsubscribes' and email = ?"
    await request.app[SIMULATOR].database.execute(sql, request.match_info["email"].lower())
    return web.Response(status=204)


KIND = f"{{kind:{'|'.join(LISTS)}}}"
ROUTES = [
    *(web.get(f"/v3/suppression/{kind}", listing(kind)) for kind in LISTS),
    web.delete(f"/v3/suppression/{KIND}", remove),
    web.get(f"/v3/suppression/{KIND}/{{email}}", one),
    web.delete(f"/v3/suppression/{KIND}/{{email}}", remove_one),
    web.get("/v3/asm/suppressions/global", listing("unsubscribes")),
    web.post("/v3/asm/suppressions/global", unsubscribe),
    web.get("/v3/asm/suppressions/global/{email}", globally),
    web.delete("/v3/asm/suppressions/global/{email}", resubscribe),
]
