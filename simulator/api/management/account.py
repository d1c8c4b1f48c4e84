"""Account calls: webhook key, verified senders, domains, scopes, erasure of recipients."""

from __future__ import annotations

import sqlite3
import time
import uuid

import msgspec
from aiohttp import web

from simulator.api.erasure import erase_messages
from simulator.api.management.parsing import BadRequest, parse_body
from simulator.api.responses import json_response
from simulator.state import SIMULATOR

MAX_ERASED, ERASE_BYTES = 5_000, 256 * 1024


class Erasure(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an erasure: addresses whose personal data is deleted."""

    email_addresses: list[str]


async def signed(request: web.Request) -> web.Response:
    """The public key of the Event Webhook."""
    return json_response({"public_key": request.app[SIMULATOR].signer.public_key})


async def webhook(request: web.Request) -> web.Response:
    """The settings of the Event Webhook; all events are enabled."""
    kinds = (
        "bounce", "click", "deferred", "delivered", "dropped", "group_resubscribe", "group_unsubscribe", "open", "processed",
        "spam_report", "unsubscribe",
    )  # fmt: skip
    url = request.app[SIMULATOR].settings.webhook
    return json_response({"enabled": url is not None, "url": url or "", **dict.fromkeys(kinds, True)})


async def senders(request: web.Request) -> web.Response:
    """The verified single senders."""
    found = [one for one in request.app[SIMULATOR].settings.verified_senders if "@" in one]
    rows = [
        {"id": at, "from_email": email, "reply_to": email, "verified": True, "locked": False}
        for at, email in enumerate(found, 1)
    ]
    return json_response({"results": rows})


async def domains(request: web.Request) -> web.Response:
    """The authenticated domains; subdomains may send too."""
    found = [one for one in request.app[SIMULATOR].settings.verified_senders if "@" not in one]
    return json_response([
        {"id": at, "domain": domain, "subdomain": "em", "valid": True, "default": at == 1, "automatic_security": True}
        for at, domain in enumerate(found, 1)
    ])  # fmt: skip


async def scopes(_request: web.Request) -> web.Response:
    """The scopes of the API key."""
    return json_response(
        {
            "scopes": [
                "mail.send",
                "mail.batch.create",
                "suppression.read",
                "asm.groups.read",
                "stats.read",
                "user.scheduled_sends.create",
            ]
        }
    )


async def erase(request: web.Request) -> web.Response:
    """202 with a job id. Removes the people from the accepted messages and their requests; suppressions stay in force."""
    if len(await request.read()) > ERASE_BYTES:
        raise BadRequest(413, "payload too large")
    requested = await parse_body(request, Erasure)
    if not 0 < len(requested.email_addresses) <= MAX_ERASED:
        raise BadRequest(400, f"email_addresses must name 1 to {MAX_ERASED} addresses", "email_addresses")
    job = str(uuid.uuid4())

    def change(connection: sqlite3.Connection) -> None:
        erase_messages(connection, requested.email_addresses)
        connection.execute("insert into erasures values (?, ?, ?)", (job, time.time(), len(requested.email_addresses)))

    await request.app[SIMULATOR].database.write(change)
    return json_response({"job_id": job}, 202)


ROUTES = [
    web.get("/v3/user/webhooks/event/settings/signed", signed),
    web.get("/v3/user/webhooks/event/settings", webhook),
    web.get("/v3/verified_senders", senders),
    web.get("/v3/whitelabel/domains", domains),
    web.get("/v3/scopes", scopes),
    web.post("/v3/recipients/erasejob", erase),
]
