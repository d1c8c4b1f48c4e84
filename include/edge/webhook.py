"""POST /events/sendgrid: verify, make durable, answer."""

from __future__ import annotations

import logging

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from include.edge import body, spool
from include.edge.settings import KEYS_VARIABLE, Settings, settings
from include.sendgrid.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, has_signature_format, has_valid_signature
from include.sendgrid.webhook_body import split_array

log = logging.getLogger(__name__)

MAX_EVENTS = 50_000
DEEPEST = 16
_spool_threads = CapacityLimiter(16)


async def receive(request: Request) -> Response:
    """Answer 200 once the batch is on disk; 4xx for what is not SendGrid's; 503 for what SendGrid shall send again.

    Replays and redeliveries are kept like any batch: loading is what tells an event from its copy.
    """
    now = settings()
    if not now.webhook_keys:
        log.error("an event batch was refused: set %s to SendGrid's public key (base64 DER)", KEYS_VARIABLE)
        return _answer(503, "no webhook key is configured")
    try:
        return await _receive(request, now)
    except body.Refused as refusal:
        log.warning("an event batch was refused with %d: %s", refusal.status, refusal.why)
        return _answer(refusal.status, refusal.why)


async def _receive(request: Request, now: Settings) -> Response:
    signature = request.headers.get(SIGNATURE_HEADER, "")
    timestamp = request.headers.get(TIMESTAMP_HEADER, "")
    if not signature or not timestamp:
        raise body.Refused(400, "signature headers are missing")
    if not has_signature_format(timestamp, signature):
        raise body.Refused(403, "the signature headers are not SendGrid's")
    async with body.held_body(request, body.WEBHOOK_BYTES, body.BATCHES) as content:
        return await to_thread.run_sync(_accept, now, timestamp, signature, content, limiter=_spool_threads)


def _accept(now: Settings, timestamp: str, signature: str, content: bytes) -> Response:
    """The blocking part: elliptic curves, parsing, fsync."""
    if not has_valid_signature(now.webhook_keys, timestamp, content, signature):
        raise body.Refused(403, "signature does not verify")
    if check_shape(content) == 0:
        return _answer(200, "nothing in it")
    try:
        spool.keep(now.paths, content)
    except OSError as error:
        log.error("an event batch could not be kept (%s); SendGrid will send it again", error.strerror)
        return _answer(503, "cannot be kept now")
    return _answer(200, "kept")


def check_shape(content: bytes) -> int:
    """How many events the batch holds. Raises `Refused` for what is not a JSON array of objects.

    An array with some elements that are not objects is taken when at least one is: refusing would lose the good events
    with the bad one, which the collector quarantines. An array of none is nobody's batch and refused.
    """
    try:
        events = split_array(content)
    except ValueError:
        raise body.Refused(400, "not a JSON array") from None
    if len(events) > MAX_EVENTS:
        raise body.Refused(413, "too many events")
    if events and not any(memoryview(event)[:1] == b"{" for event in events):
        raise body.Refused(400, "not an array of objects")
    if any(_is_deep(bytes(event)) for event in events):
        raise body.Refused(400, "nested too deeply")
    return len(events)


def _is_deep(event: bytes) -> bool:
    """Whether an element nests deeper than any event of SendGrid's. Few brackets cannot, so most are only counted."""
    if event.count(b"{") + event.count(b"[") <= DEEPEST:
        return False
    try:
        return _depth(msgspec.json.decode(event)) > DEEPEST
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return True


def _depth(value: object) -> int:
    """How deeply lists and objects nest, level by level."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def _answer(status: int, text: str) -> Response:
    """A refusal hangs up, so that the rest of a body that nobody reads is not sent."""
    headers = {} if status < 400 else {"Connection": "close"}
    if status == 503:
        headers["Retry-After"] = "60"
    return PlainTextResponse(text, status_code=status, headers=headers)
