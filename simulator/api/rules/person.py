"""Rules for one personalization."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from simulator.api.payload import Mail, Personalization, Strings
from simulator.api.responses import Problem
from simulator.api.rules.values import (
    address_problems,
    byte_length,
    has_line_break,
    header_problems,
    problem,
    send_at_problems,
)

SUBSTITUTION_BYTES = 10_000
"""Per personalization, keys and values together. SendGrid's other source (50,000 bytes per request) would allow 50 bytes per
person in a full request, which SendGrid's own examples exceed, so this is the strictest workable limit."""
SUBSTITUTION_ITEMS = 150
CUSTOM_ARGS_BYTES = 10_000
NO_TO = (
    "The to array is required for all personalization objects, and must have at least one email object with a valid email "
    "address."
)


def person_problems(at: int, person: Personalization, mail: Mail, now: float) -> Iterator[Problem]:
    """All problems of one personalization."""
    path = f"personalizations.{at}"
    yield from recipients_problems(path, person)
    if person.from_:
        yield from address_problems(f"{path}.from", person.from_, "from")
    if person.subject == "":
        yield problem("The subject must be at least one character in length.", f"{path}.subject", "personalizations.subject")
    if has_line_break(person.subject or ""):
        yield problem("The subject cannot contain CR or LF characters.", f"{path}.subject", "personalizations.subject")
    yield from header_problems(f"{path}.headers", person.headers or {})
    yield from substitution_problems(path, person, mail)
    yield from custom_args_problems(path, person.custom_args, mail.custom_args)
    yield from send_at_problems(f"{path}.send_at", person.send_at, now)


def recipients_problems(path: str, person: Personalization) -> Iterator[Problem]:
    """`to` is present, each address is valid, and none is repeated."""
    if not person.to:
        yield problem(NO_TO, f"{path}.to", "personalizations.to")
    seen: set[str] = set()
    for name, addresses in (("to", person.to), ("cc", person.cc), ("bcc", person.bcc)):
        for at, address in enumerate(addresses or ()):
            yield from address_problems(f"{path}.{name}.{at}", address, f"personalizations.{name}")
            if address.email.lower() in seen:
                yield problem(
                    "Each email address in the personalization block should be unique between to, cc, and bcc. We found the "
                    f"first duplicate instance of [{address.email}] in the {path}.{name} field.",
                    path,
                    "recipient-errors",
                )
            seen.add(address.email.lower())


def substitution_problems(path: str, person: Personalization, mail: Mail) -> Iterator[Problem]:
    """Substitutions only with legacy content and within the limits; dynamic data only with a dynamic template."""
    dynamic = bool(mail.template_id and mail.template_id.startswith("d-"))
    field = f"{path}.substitutions"
    values = person.substitutions or {}
    if values and dynamic:
        yield problem("Substitutions may not be used with dynamic templating", field, "personalizations.substitutions")
    if len(values) > SUBSTITUTION_ITEMS:
        yield problem(f"There may be at most {SUBSTITUTION_ITEMS} substitutions.", field, "personalizations.substitutions")
    if byte_length(values) > SUBSTITUTION_BYTES:
        yield problem(
            f"The substitutions may not exceed {SUBSTITUTION_BYTES} bytes.", field, "personalizations.substitutions"
        )
    if dynamic and person.dynamic_template_data is UNSET:
        yield problem(
            "A dynamic template prints nothing for a person without dynamic_template_data.",
            f"{path}.dynamic_template_data",
            "personalizations.dynamic_template_data",
        )
    if person.dynamic_template_data and not dynamic:
        yield problem(
            "dynamic_template_data may only be used with a dynamic template (d-).",
            f"{path}.dynamic_template_data",
            "personalizations.dynamic_template_data",
        )


def custom_args_problems(path: str, own: Strings, shared: Strings) -> Iterator[Problem]:
    """Not an empty object; both levels merged are within the limit."""
    field = f"{path}.custom_args"
    if own == {}:
        yield problem("The custom_args object must not be empty.", field, "custom_args")
    merged = {**(shared or {}), **(own or {})}
    if byte_length(merged) > CUSTOM_ARGS_BYTES:
        yield problem(f"The custom_args may not exceed {CUSTOM_ARGS_BYTES} bytes.", field, "custom_args")
