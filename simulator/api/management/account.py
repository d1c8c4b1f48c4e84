"""Account calls: webhook key, verified senders, domains, scopes, erasure of recipients."""

from __future__ import annotations

import sqlite3
import uuid
from typing import Any

import msgspec
from aiohttp import web

from simulator import clock
from simulator.api.erasure import erase_messages
from simulator.api.management.parsing import BadRequest, parse_body, query_integer
from simulator.api.responses import FORBIDDEN, error_response, json_response
from simulator.state import SIMULATOR

DOMAIN_PARAMETERS = frozenset({"limit", "offset", "exclude_subusers", "username", "domain"})
WEBHOOK_SCOPE = "user.webhooks.event.settings.read"
MAX_ERASED, ERASE_BYTES = 5_000, 256 * 1024


class Erasure(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an erasure: addresses whose personal data is deleted."""

    email_addresses: list[str]


async def signed(request: web.Request) -> web.Response:
    """The public key of the Event Webhook."""
    if (denied := _missing(request, WEBHOOK_SCOPE)) is not None:
        return denied
    return json_response({"public_key": request.app[SIMULATOR].signer.public_key})


async def webhook(request: web.Request) -> web.Response:
    """The settings of the Event Webhook; all events are enabled."""
    if (denied := _missing(request, WEBHOOK_SCOPE)) is not None:
        return denied
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
    """The authenticated domains with their DNS records, as with automated security; subdomains may send too."""
    if unknown := sorted(set(request.query) - DOMAIN_PARAMETERS):
        raise BadRequest(400, f"unknown parameter: {unknown[0]}", unknown[0])
    limit, offset = query_integer(request, "limit", 50, 1, 50), query_integer(request, "offset", 0, 0, 1_000_000)
    if (denied := _missing(request, "whitelabel.read")) is not None:
        return denied
    found = [one for one in request.app[SIMULATOR].settings.verified_senders if "@" not in one]
    rows = [_domain(at, domain) for at, domain in enumerate(found, 1) if request.query.get("domain", domain) == domain]
    return json_response(rows[offset : offset + limit])


def _domain(number: int, domain: str) -> dict[str, Any]:
    account, user = "u7.wl.sendgrid.net", domain.replace(".", "-")
    records = {
        "mail_cname": (f"em.{domain}", account),
        "dkim1": (f"s1._domainkey.{domain}", f"s1.domainkey.{account}"),
        "dkim2": (f"s2._domainkey.{domain}", f"s2.domainkey.{account}"),
    }
    return {
        "id": number, "user_id": 7, "subdomain": "em", "domain": domain, "username": user, "ips": [], "custom_spf": False,
        "default": number == 1, "legacy": False, "automatic_security": True, "valid": True,
        "dns": {
            name: {"valid": True, "type": "cname", "host": host, "data": data} for name, (host, data) in records.items()
        },
    }  # fmt: skip


async def scopes(request: web.Request) -> web.Response:
    """The scopes of the API key."""
    return json_response({"scopes": list(request.app[SIMULATOR].settings.scopes)})


def _missing(request: web.Request, scope: str) -> web.Response | None:
    """403 if the API key lacks the scope."""
    granted = scope in request.app[SIMULATOR].settings.scopes
    return None if granted else error_response(403, [FORBIDDEN])


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
        connection.execute("insert into erasures values (?, ?, ?)", (job, clock.now(), len(requested.email_addresses)))

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
