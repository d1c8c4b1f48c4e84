"""POST /events/sendgrid: verifies an event batch, writes it durably to the spool, and responds."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from include.edge import body, spool
from include.edge.nesting import depth
from include.edge.settings import KEYS_VARIABLE, Settings, settings
from include.sendgrid.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, has_signature_format, has_valid_signature
from include.sendgrid.webhook_body import split_array

log = logging.getLogger(__name__)

MAX_EVENTS = 50_000
MAX_DEPTH = 16
_NOT_OPENING = bytes(byte for byte in range(256) if byte not in b"{[\0")
"""All bytes but opening brackets, and the zero that no JSON text contains."""
_AT_ONCE = 100
"""Events whose brackets are found in one pass. A copy of a whole batch would get new pages from the system, which takes as
long as all else."""
_spool_threads = CapacityLimiter(16)


async def receive(request: Request) -> Response:
    """200 once the batch is on disk; 4xx for a request that is not SendGrid's; 503 for one that SendGrid should retry.

    Replays and redeliveries are written like any batch: loading deduplicates events.
    """
    current = settings()
    if not current.webhook_keys:
        log.error("an event batch was rejected: set %s to SendGrid's public key (base64 DER)", KEYS_VARIABLE)
        return _answer(503, "no webhook key is configured")
    try:
        return await _receive(request, current)
    except body.Refused as refusal:
        log.warning("an event batch was rejected with %d: %s", refusal.status, refusal.why)
        return _answer(refusal.status, refusal.why)


async def _receive(request: Request, current: Settings) -> Response:
    signature = request.headers.get(SIGNATURE_HEADER, "")
    timestamp = request.headers.get(TIMESTAMP_HEADER, "")
    if not signature or not timestamp:
        raise body.Refused(400, "signature headers are missing")
    if not has_signature_format(timestamp, signature):
        raise body.Refused(403, "the signature headers are not SendGrid's")
    async with body.held_body(request, body.WEBHOOK_BYTES, body.BATCHES) as content:
        return await to_thread.run_sync(_accept, current, timestamp, signature, content, limiter=_spool_threads)


def _accept(current: Settings, timestamp: str, signature: str, content: bytearray) -> Response:
    """The blocking part: signature, parsing, fsync."""
    if not has_valid_signature(current.webhook_keys, timestamp, content, signature):
        raise body.Refused(403, "signature does not verify")
    if check_shape(content) == 0:
        return _answer(200, "empty batch")
    try:
        spool.write_batch(current.paths, content)
    except OSError as error:
        log.error("an event batch could not be written (%s); SendGrid will retry it", error.strerror)
        return _answer(503, "the batch cannot be stored now")
    return _answer(200, "stored")


def check_shape(content: bytes | bytearray) -> int:
    """The number of events in the batch. Raises `Refused` for a body that is not a JSON array of objects.

    An array in which at least one element is an object is accepted: rejecting it would lose the valid events; loading
    quarantines the others. An array without any object is rejected.
    """
    try:
        events = split_array(content)
    except ValueError:
        raise body.Refused(400, "not a JSON array") from None
    if len(events) > MAX_EVENTS:
        raise body.Refused(413, "too many events")
    if events and not any(memoryview(event)[:1].tobytes() == b"{" for event in events):
        raise body.Refused(400, "not an array of objects")
    if events and _are_deep(events):
        raise body.Refused(400, "nested too deeply")
    return len(events)


def _are_deep(events: Sequence[bytes | msgspec.Raw]) -> bool:
    """Whether an element nests deeper than any event of SendGrid. One with few opening brackets cannot: it is not parsed."""
    for start in range(0, len(events), _AT_ONCE):
        some = events[start : start + _AT_ONCE]
        brackets = b"\0".join(some).translate(None, _NOT_OPENING).split(b"\0")
        deep = (event for found, event in zip(brackets, some, strict=True) if len(found) > MAX_DEPTH)
        if any(_is_deep(bytes(event)) for event in deep):
            return True
    return False


def _is_deep(event: bytes) -> bool:
    try:
        return depth(msgspec.json.decode(event)) > MAX_DEPTH
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return True


def _answer(status: int, text: str) -> Response:
    """A rejection closes the connection, so that the client does not send the rest of the body."""
    headers = {} if status < 400 else {"Connection": "close"}
    if status == 503:
        headers["Retry-After"] = "60"
    return PlainTextResponse(text, status_code=status, headers=headers)
