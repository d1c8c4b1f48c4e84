"""Decodes one element of a webhook batch into a typed report.

The decoder is tolerant: an unimportant field with a wrong type becomes null; `problem_of` reports an important one.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import orjson

MAX_TEXT = 2_000
"""Characters of a text that are stored; links and server responses can be very long."""
EARLIEST = 946_684_800
"""The year 2000 in Unix seconds: an earlier time is invalid."""
MAX_AHEAD_SECONDS = 86_400
"""An event's time is at most this long after its receipt. As for a source's rows, a difference of up to a day is attributed
to a wrong clock, and more (such as a time in milliseconds) to a wrong event. With a smaller limit, every event would be
quarantined while our own clock is slow."""


_SMTP_ID = re.compile(r"\s*<([^.<>@\s]+)[^<>@\s]*@[^<>@\s]*ismtpd[^<>@\s]*>\s*")
"""A Message-ID of SendGrid's own servers. One of another host says nothing about the request."""


class Offset(msgspec.Struct, frozen=True, gc=False):
    """The position of a clicked link in the mail."""

    index: int | None = None
    type: str | None = None


class EventReport(
    msgspec.Struct,
    frozen=True,
    gc=False,  # it holds nothing that could refer to it
    rename={"smtp_status": "status", "user_agent": "useragent", "delivery_attempt": "attempt", "smtp_id": "smtp-id"},
):
    """The fields of SendGrid's events that are stored. All are optional here; `problem_of` reports missing ones."""

    email: str | None = None
    event: str | None = None
    timestamp: int | None = None
    sg_event_id: str | None = None
    sg_message_id: str | None = None
    smtp_id: str | None = None
    type: str | None = None
    bounce_classification: str | None = None
    smtp_status: str | None = None
    reason: str | None = None
    response: str | None = None
    url: str | None = None
    url_offset: Offset | None = None
    user_agent: str | None = None
    sg_machine_open: bool | None = None
    delivery_attempt: int | None = None
    tw_key: str | None = None
    tw_try: int | None = None
    tw_chunk: str | None = None

    @property
    def x_message_id(self) -> str | None:
        """SendGrid's id of the request (the X-Message-Id of its 202), by which bounces without custom_args are matched.

        It is the part of sg_message_id before the first dot. Bounces that come back by Return-Path have none; there it is
        the local part of smtp-id, the Message-ID that SendGrid's own server gave (`<LRzXl_NHS@geopod-ismtpd-1>`).
        """
        if self.sg_message_id:
            return self.sg_message_id.partition(".")[0] or None
        found = _SMTP_ID.fullmatch(self.smtp_id or "")
        return found[1] if found else None


_single = msgspec.json.Decoder(EventReport, strict=False)
_WIRE_NAMES = {field.name: field.encode_name for field in msgspec.structs.fields(EventReport)}
_INTEGERS = frozenset({"timestamp", "delivery_attempt", "tw_try"})


def read_element(element: bytes | msgspec.Raw) -> EventReport | None:
    """Decode one element, if necessary field by field; None if it is not an object."""
    try:
        return _single.decode(element)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_by_field(bytes(element))


def problem_of(report: EventReport, known_events: frozenset[str], received: float) -> str | None:
    """Why an event received at `received` (Unix seconds) must be quarantined, or None if it can be used.

    unknown_event, bad_timestamp, account_changed, or no_address.
    """
    if report.event not in known_events:
        return "unknown_event"
    if report.timestamp is None or not EARLIEST <= report.timestamp <= received + MAX_AHEAD_SECONDS:
        return "bad_timestamp"
    if report.event == "account_status_change":
        return "account_changed"
    if not report.email and not report.tw_key:
        return "no_address"
    return None


def _read_by_field(element: bytes) -> EventReport | None:
    try:
        values = orjson.loads(element.decode("utf-8", "replace"))
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    fields = {name: _field(name, values.get(wire)) for name, wire in _WIRE_NAMES.items()}
    return EventReport(**fields)


def _field(name: str, value: Any) -> Any:
    """The value as its field's type, or None if it has another type."""
    if name == "url_offset":
        return _offset(value) if isinstance(value, dict) else None
    if name == "sg_machine_open":
        return value if isinstance(value, bool) else None
    if name in _INTEGERS:
        return _integer(value)
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def _offset(value: dict[str, Any]) -> Offset:
    kind = value.get("type")
    return Offset(_integer(value.get("index")), kind if isinstance(kind, str) else None)


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 2**62 else None
