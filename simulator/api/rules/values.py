"""Rules for values that occur in several places, and the words for what breaks them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.api.answers import Problem
from simulator.api.payload import HELP, Address

MAX_ADDRESS = 254
FURTHEST = 72 * 3600
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


def problem(message: str, where: str, anchor: str) -> Problem:
    """With the page of SendGrid's documentation that its errors point at."""
    return Problem(message, where, f"{HELP}#message.{anchor}")


def address_problems(where: str, address: Address, anchor: str) -> Iterator[Problem]:
    """An ASCII address, and a name without a line break."""
    if not ADDRESS.fullmatch(address.email) or len(address.email) > MAX_ADDRESS:
        yield problem("Does not contain a valid address.", f"{where}.email", anchor)
    if address.name and broken(address.name):
        yield problem("The name cannot contain CR or LF characters.", f"{where}.name", anchor)


def header_problems(where: str, headers: dict[str, str]) -> Iterator[Problem]:
    """ASCII names, none reserved, and no line break, by which a header could be smuggled in."""
    for name, value in headers.items():
        if name.lower() in RESERVED_HEADERS:
            yield problem(
                f"The header {name} is reserved and cannot be used in the headers object.", f"{where}.{name}", "headers"
            )
        elif not HEADER_NAME.fullmatch(name):
            yield problem(
                "Header names must be ASCII and must not contain spaces, colons, CR or LF.", f"{where}.{name}", "headers"
            )
        if broken(value):
            yield problem("Header values must not contain CR or LF characters.", f"{where}.{name}", "headers")


def send_at_problems(where: str, send_at: object, now: float) -> Iterator[Problem]:
    """At most 72 hours ahead; the past means at once; a negative or enormous number is no time."""
    if isinstance(send_at, int) and send_at - now > FURTHEST:
        yield problem(
            "Scheduling more than 72 hours in advance is forbidden. The send_at time is too far in the future.",
            where,
            "send_at",
        )
    if isinstance(send_at, int) and send_at < 0:
        yield problem("The send_at must be a Unix timestamp.", where, "send_at")


def broken(text: str) -> bool:
    """Whether there is a line break in it."""
    return bool(LINE_BREAK.search(text))


def size(values: dict[str, str]) -> int:
    """Bytes of keys and values together, in UTF-8."""
    return sum(len(key.encode()) + len(value.encode()) for key, value in values.items())
