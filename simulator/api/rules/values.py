"""Rules for values that occur in several fields: addresses, headers, send_at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.api.payload import HELP, Address
from simulator.api.responses import Problem

MAX_ADDRESS = 254
MAX_SCHEDULE_SECONDS = 72 * 3600
RESERVED_HEADERS = frozenset((
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding",
    "to", "from", "subject", "reply-to", "cc", "bcc",
))  # fmt: skip
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LINE_BREAK = re.compile(r"[\r\n]")


def problem(message: str, field: str, anchor: str) -> Problem:
    """A problem with the link into SendGrid's documentation that its errors contain."""
    return Problem(message, field, f"{HELP}#message.{anchor}")


def address_problems(field: str, address: Address, anchor: str) -> Iterator[Problem]:
    """An ASCII address, and a name without a line break."""
    if not ADDRESS.fullmatch(address.email) or len(address.email) > MAX_ADDRESS:
        yield problem("Does not contain a valid address.", f"{field}.email", anchor)
    if address.name and has_line_break(address.name):
        yield problem("The name cannot contain CR or LF characters.", f"{field}.name", anchor)


def header_problems(field: str, headers: dict[str, str]) -> Iterator[Problem]:
    """ASCII names, none reserved; no line breaks, which would allow header injection."""
    for name, value in headers.items():
        if name.lower() in RESERVED_HEADERS:
            yield problem(
                f"The header {name} is reserved and cannot be used in the headers object.", f"{field}.{name}", "headers"
            )
        elif not HEADER_NAME.fullmatch(name):
            yield problem(
                "Header names must be ASCII and must not contain spaces, colons, CR or LF.", f"{field}.{name}", "headers"
            )
        if has_line_break(value):
            yield problem("Header values must not contain CR or LF characters.", f"{field}.{name}", "headers")


def send_at_problems(field: str, send_at: object, now: float) -> Iterator[Problem]:
    """At most 72 hours ahead and not negative; a time in the past means immediately."""
    if isinstance(send_at, int) and send_at - now > MAX_SCHEDULE_SECONDS:
        yield problem(
            "Scheduling more than 72 hours in advance is forbidden. The send_at time is too far in the future.",
            field,
            "send_at",
        )
    if isinstance(send_at, int) and send_at < 0:
        yield problem("The send_at must be a Unix timestamp.", field, "send_at")


def has_line_break(text: str) -> bool:
    """Whether the text contains a line break."""
    return bool(LINE_BREAK.search(text))


def byte_length(values: dict[str, str]) -> int:
    """Bytes of all keys and values in UTF-8."""
    return sum(len(key.encode()) + len(value.encode()) for key, value in values.items())
