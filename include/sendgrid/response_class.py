"""What an answer of mail/send means for the chunk. Pure; the table of `docs/dispatch.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

import orjson

from include.core import clock
from include.sendgrid.transport import Answer

MAX_WAIT_SECONDS = 900.0
_EPOCH_FROM = 1_000_000_000
_PLACE = re.compile(r"personalizations[.\[](\d+)")


class Kind(Enum):
    """The seven things that can have happened to a request."""

    ACCEPTED = auto()
    """202: queued."""
    REFUSED = auto()
    """400: the request is at fault, nobody got it; perhaps one recipient is the cause."""
    TOO_LARGE = auto()
    """413: nobody got it; halves may go."""
    THROTTLED = auto()
    """429: nobody got it; later."""
    NOT_SENT = auto()
    """No byte left; may try again."""
    STOP = auto()
    """Key, scope, sender, credits or address of the API: nobody got it, and the next request will fare no better."""
    DOUBT = auto()
    """It may or may not have been queued."""


@dataclass(frozen=True)
class ResponseClass:
    """The class of one response. `reason` is a text for operators without recipient data; `message_id` is X-Message-Id.

    `wait` is the delay in seconds that SendGrid asked for. `rejected_indexes` are the personalizations that a 400 named;
    `whole_request` is set where it named a field that all recipients share.
    """

    kind: Kind
    reason: str
    status: int | None = None
    message_id: str | None = None
    wait: float | None = None
    rejected_indexes: frozenset[int] = frozenset()
    whole_request: bool = False


def classify(answer: Answer) -> ResponseClass:
    """Classify one answer."""
    status = answer.status
    if status is None:
        return ResponseClass(Kind.DOUBT if answer.reached else Kind.NOT_SENT, f"no answer ({answer.problem})")
    if status == 202:
        return ResponseClass(Kind.ACCEPTED, "accepted", status, message_id=answer.headers.get("x-message-id"))
    if status == 400:
        return _refused(answer)
    if status == 413:
        return ResponseClass(Kind.TOO_LARGE, "413: the request is too large", status)
    if status == 429:
        return ResponseClass(Kind.THROTTLED, "429: too many requests", status, wait=_retry_after(answer))
    if status == 408 or status >= 500 or status < 300:
        return ResponseClass(Kind.DOUBT, f"{status}: it may or may not have been queued", status)
    return ResponseClass(Kind.STOP, _stop_reason(status, answer.body), status)


def _refused(answer: Answer) -> ResponseClass:
    fields = [str(error.get("field") or "") for error in _errors(answer.body)]
    named = frozenset(int(match[1]) for field in fields if (match := _PLACE.match(field)))
    shared = [field for field in fields if field and not field.startswith("personalizations")]
    subject = (
        f"400: {', '.join(sorted({re.sub(r'[.[][0-9]+]?', '', field) for field in fields if field})) or 'no field named'}"
    )
    return ResponseClass(Kind.REFUSED, subject[:200], rejected_indexes=named, whole_request=bool(shared) and not named)


def _stop_reason(status: int, body: bytes) -> str:
    if status == 401 and b"credits" in body.lower():
        return "401: the account's credits are used up"
    meaning = {
        401: "the API key is not valid",
        403: "the key lacks the scope mail.send, the sender is not verified, or the account is blocked",
        404: "the host does not know /v3/mail/send",
        451: "refused for legal reasons",
    }
    return f"{status}: {meaning.get(status, 'the request was refused')}"


def _retry_after(answer: Answer) -> float | None:
    """Seconds to wait. X-RateLimit-Reset is an epoch in one of SendGrid's documents and a number of seconds in another."""
    for header in ("x-ratelimit-reset", "retry-after"):
        try:
            value = float(answer.headers.get(header, ""))
        except ValueError:
            continue
        seconds = value - clock.now().timestamp() if value >= _EPOCH_FROM else value
        return min(max(seconds, 0.05), MAX_WAIT_SECONDS)
    return None


def _errors(body: bytes) -> list[dict[str, object]]:
    try:
        errors = orjson.loads(body).get("errors")
    except (orjson.JSONDecodeError, AttributeError):
        return []
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
