"""POST /v3/mail/send."""

from __future__ import annotations

import asyncio
import zlib

from aiohttp import web

from simulator import clock
from simulator.api.acceptance import record_call
from simulator.api.decoding import decode
from simulator.api.payload import Mail
from simulator.api.responses import TOO_LARGE_PAGE, TOO_MANY, Problem, error_response, html_response
from simulator.api.rules import MAX_BYTES, problems, sender_refused
from simulator.faults.armed import ACCEPTING, REJECTIONS
from simulator.faults.responses import STATUS, fault_response, rejection_response
from simulator.state import SIMULATOR, Simulator


async def send(request: web.Request) -> web.StreamResponse:
    """Check size, key, rate limit, headers, JSON, values and sender, in the order of SendGrid's layers; then accept."""
    simulator = request.app[SIMULATOR]
    body = await _body(request)
    if body is None:
        await _record_rejection(simulator, 413, None)
        return html_response(413, TOO_LARGE_PAGE)
    json_body = _request_error(request, simulator) or _decompressed(request, simulator, body)
    if isinstance(json_body, web.Response):
        await _record_rejection(simulator, json_body.status, None)
        return json_body
    mail = decode(json_body)
    if isinstance(mail, Mail):
        return await _validate_and_accept(request, simulator, mail, json_body)
    await _record_rejection(simulator, 400, None)
    return error_response(400, mail, simulator.mail_send_limit.headers())


async def _body(request: web.Request) -> bytes | None:
    """The whole body, or None if it is too large. It is read to its end, so that the client gets a response, not a reset."""
    parts, size = [], 0
    async for part in request.content.iter_any():  # raises if the client disconnects
        size += len(part)
        if size < MAX_BYTES:
            parts.append(part)
        else:
            parts.clear()
    return b"".join(parts) if size < MAX_BYTES else None


def _request_error(request: web.Request, simulator: Simulator) -> web.Response | None:
    """The error of a request that is rejected before its body is parsed."""
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


def _decompressed(request: web.Request, simulator: Simulator, body: bytes) -> bytes | web.Response:
    """The JSON body, decompressed; gzip must be enabled for the account."""
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


async def _validate_and_accept(request: web.Request, simulator: Simulator, mail: Mail, body: bytes) -> web.StreamResponse:
    now = clock.now()
    headers = simulator.mail_send_limit.headers()
    if found := problems(mail, simulator.account, now):
        await _record_rejection(simulator, 400, mail)
        return error_response(400, found, headers)
    if denied := sender_refused(mail, simulator.account):
        await _record_rejection(simulator, 403, mail)
        return error_response(403, [denied], headers)
    if armed := simulator.faults.first_firing(REJECTIONS, mail):
        response = rejection_response(armed, mail)
        await _record_rejection(simulator, response.status, mail, armed.fault.kind)
        return response
    if mail.sandbox():
        await _record_rejection(simulator, 200, mail)
        return web.Response(status=200, headers=headers)
    return await _accept(request, simulator, mail, body)


async def _accept(request: web.Request, simulator: Simulator, mail: Mail, body: bytes) -> web.StreamResponse:
    armed = simulator.faults.first_firing(ACCEPTING, mail)
    fault = armed.fault if armed else None
    if fault and fault.kind == "pause":
        await asyncio.sleep(fault.seconds)
    drop_reason = fault.reason if fault and fault.kind == "accept_then_drop" else None
    status = STATUS.get(fault.kind, 202) if fault else 202
    accepted = await simulator.acceptance.accept(mail, body, clock.now(), drop_reason, fault.kind if fault else None, status)
    response = await fault_response(request, armed, accepted.x_message_id) if armed else None
    return response or web.Response(
        status=202, headers={"X-Message-Id": accepted.x_message_id, **simulator.mail_send_limit.headers()}
    )


async def _record_rejection(simulator: Simulator, status: int, mail: Mail | None, fault: str | None = None) -> None:
    """Record a POST that was not accepted."""
    people, campaign, now = len(mail.personalizations) if mail else 0, mail.campaign() if mail else "", clock.now()
    await simulator.database.write(
        lambda connection: record_call(connection, now, status, people, campaign, fault, accepted=False)
    )
