"""POST /v3/mail/send."""

from __future__ import annotations

import asyncio
import time
import zlib

from aiohttp import web

from simulator.api.acceptance import record_call
from simulator.api.decoding import decode
from simulator.api.payload import Mail
from simulator.api.responses import TOO_LARGE_PAGE, TOO_MANY, Problem, error_response, html_response
from simulator.api.rules import MAX_BYTES, problems, sender_refused
from simulator.faults.armed import ACCEPTING, REJECTIONS
from simulator.faults.responses import STATUS, fault_response, rejection_response
from simulator.state import SIMULATOR, Simulator


async def send(request: web.Request) -> web.StreamResponse:
    """Checked in the order in which SendGrid's layers see it: size, key, limit, headers, JSON, values, sender."""
    simulator = request.app[SIMULATOR]
    body = await _body(request)
    if body is None:
        await _refused(simulator, 413, None)
        return html_response(413, TOO_LARGE_PAGE)
    early = _early(request, simulator) or _unpacked(request, simulator, body)
    if isinstance(early, web.Response):
        await _refused(simulator, early.status, None)
        return early
    mail = decode(early)
    if isinstance(mail, Mail):
        return await _judged(request, simulator, mail, early)
    await _refused(simulator, 400, None)
    return error_response(400, mail, simulator.mail_send_limit.headers())


async def _body(request: web.Request) -> bytes | None:
    """The whole body, or None if it is too large; read to its end all the same, so that the answer arrives and no reset."""
    parts, size = [], 0
    async for part in request.content.iter_any():  # raises where the sender goes away in mid-body
        size += len(part)
        if size < MAX_BYTES:
            parts.append(part)
        else:
            parts.clear()
    return b"".join(parts) if size < MAX_BYTES else None


def _early(request: web.Request, simulator: Simulator) -> web.Response | None:
    """What is refused without a look at the body."""
    if denied := simulator.authorization_error(request):
        return error_response(401, [denied])
    if not simulator.mail_send_limit.allow():
        return error_response(429, [TOO_MANY], simulator.mail_send_limit.headers())
    accept = request.headers.get("Accept")
    if not accept or not any(kind in accept for kind in ("*/*", "application/*", "application/json")):
        return error_response(406, [Problem("The Accept header must be present and allow application/json.", None, None)])
    if request.content_type != "application/json":
        return error_response(415, [Problem("Content-Type should be application/json.", None, None)])
    return None


def _unpacked(request: web.Request, simulator: Simulator, body: bytes) -> bytes | web.Response:
    """The JSON: gzip only where it was enabled for the account."""
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if coding == "identity":
        return body
    refused = error_response(415, [Problem(f"Content-Encoding {coding} is not enabled for this account.", None, None)])
    if coding != "gzip" or not simulator.settings.gzip:
        return refused
    try:
        plain = zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES)
    except zlib.error:
        return error_response(400, [Problem("Bad Request", None, None)])
    return plain if len(plain) < MAX_BYTES else html_response(413, TOO_LARGE_PAGE)


async def _judged(request: web.Request, simulator: Simulator, mail: Mail, body: bytes) -> web.StreamResponse:
    now = time.time()
    headers = simulator.mail_send_limit.headers()
    if wrong := problems(mail, simulator.account, now):
        await _refused(simulator, 400, mail)
        return error_response(400, wrong, headers)
    if denied := sender_refused(mail, simulator.account):
        await _refused(simulator, 403, mail)
        return error_response(403, [denied], headers)
    if armed := simulator.faults.first_firing(REJECTIONS, mail):
        response = rejection_response(armed, mail)
        await _refused(simulator, response.status, mail, armed.fault.kind)
        return response
    if mail.sandbox():
        await _refused(simulator, 200, mail)
        return web.Response(status=200, headers=headers)
    return await _accepted(request, simulator, mail, body)


async def _accepted(request: web.Request, simulator: Simulator, mail: Mail, body: bytes) -> web.StreamResponse:
    armed = simulator.faults.first_firing(ACCEPTING, mail)
    fault = armed.fault if armed else None
    if fault and fault.kind == "pause":
        await asyncio.sleep(fault.seconds)
    drop_reason = fault.reason if fault and fault.kind == "accept_then_drop" else None
    status = STATUS.get(fault.kind, 202) if fault else 202
    taken = await simulator.acceptance.accept(mail, body, time.time(), drop_reason, fault.kind if fault else None, status)
    response = await fault_response(request, armed, taken.x_message_id) if armed else None
    return response or web.Response(
        status=202, headers={"X-Message-Id": taken.x_message_id, **simulator.mail_send_limit.headers()}
    )


async def _refused(simulator: Simulator, status: int, mail: Mail | None, fault: str | None = None) -> None:
    """Note a POST that nothing came of."""
    people, campaign, now = len(mail.personalizations) if mail else 0, mail.campaign() if mail else "", time.time()
    await simulator.database.write(
        lambda connection: record_call(connection, now, status, people, campaign, fault, accepted=False)
    )
