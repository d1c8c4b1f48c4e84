"""POST /activities: authenticates the client, checks each activity, writes them durably to the spool, and responds."""

from __future__ import annotations

import hmac
import logging
from dataclasses import asdict
from functools import cache

import orjson
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from include.core import activity, clock
from include.core.paths import DataPaths, data_paths
from include.core.secrets import load_activity_tokens
from include.edge import spool
from include.edge.activities import body
from include.edge.body import Pool, Refused, held_body

log = logging.getLogger(__name__)

MAX_BYTES = 4 * 1024 * 1024
BODIES = Pool(max_bytes=64 * 1024 * 1024, max_bytes_per_peer=64 * 1024 * 1024)
"""Memory for bodies: the clients are few and known, so one of them may use all of it."""
RETRY_SECONDS = 5
_threads = CapacityLimiter(16)


async def receive(request: Request) -> Response:
    """202 once every activity of the body is on disk; 4xx if none of them was stored; 503 to retry later.

    401 without a valid token, 400 for a body that is not JSON, 422 for an invalid activity, 413 if too large. A body that is
    posted again is accepted again: the collector keeps each activity_id once.
    """
    try:
        _authenticate(request)
        async with held_body(request, MAX_BYTES, BODIES) as content:
            return await to_thread.run_sync(_accept, data_paths(), bytes(content), limiter=_threads)
    except Refused as refusal:
        log.warning("activities were rejected with %d: %s", refusal.status, refusal.why)
        return _answer(refusal.status, {"error": refusal.why})


def _authenticate(request: Request) -> None:
    """Raise `Refused` (401) unless the request has a valid token. Compares with every token, each in constant time."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    presented = given.strip().encode("latin-1", "replace")
    matches = [hmac.compare_digest(presented, token) for token in tokens(data_paths())]
    if scheme.lower() != "bearer" or not any(matches):
        raise Refused(401, "the bearer token is missing or wrong")


@cache
def tokens(paths: DataPaths) -> tuple[bytes, ...]:
    """The valid tokens, read once per process."""
    return load_activity_tokens(paths)


def _accept(paths: DataPaths, content: bytes) -> Response:
    """The blocking part: parsing, checking, fsync."""
    try:
        activities, problems = body.read(content, clock.now())
    except body.NotJson as error:
        raise Refused(400, f"line {error.line} is not JSON: post an object, an array, or one object per line") from None
    except body.TooMany:
        raise Refused(413, f"more than {body.MAX_ACTIVITIES} activities") from None
    if problems:
        log.warning("activities were rejected with 422: %d problems", len(problems))
        listed = [asdict(problem) for problem in problems[: body.MAX_LISTED]]
        return _answer(422, {"error": "nothing was stored", "problems": listed, "more": len(problems) - len(listed)})
    if activities:
        try:
            spool.write_activities(paths, activity.encode(activities))
        except OSError as error:
            log.error("activities could not be written (%s)", error.strerror)
            return _answer(503, {"error": "the activities cannot be stored now"})
    return _answer(202, {"accepted": len(activities)})


def _answer(status: int, content: dict[str, object]) -> Response:
    """A rejection closes the connection, so that the client does not send the rest of the body."""
    headers = {"Cache-Control": "no-store"} | ({} if status in (202, 422) else {"Connection": "close"})
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return Response(orjson.dumps(content), status, headers, "application/json")
