"""Fast path: checks all personalizations together, column by column, so that valid mail skips the check of each person.

It returns True only if `person_problems` finds no problem for any person; a property test verifies this.
"""

from __future__ import annotations

from itertools import chain

from simulator.api.payload import Mail, Personalization
from simulator.api.rules.person import CUSTOM_ARGS_BYTES, SUBSTITUTION_BYTES, SUBSTITUTION_ITEMS
from simulator.api.rules.values import ADDRESS, MAX_ADDRESS, MAX_SCHEDULE_SECONDS, has_line_break, header_problems

SAFE_CHARACTERS = min(SUBSTITUTION_BYTES, CUSTOM_ARGS_BYTES) // 4
"""A text of at most this many characters is within the byte limits whatever its encoding."""


def passes_fast_check(mail: Mail, now: float) -> bool:
    """Whether all personalizations are certainly valid; False if they need the full check."""
    people = mail.personalizations
    if mail.custom_args or mail.template_id or not people:
        return False
    if any(person.cc or person.bcc or person.from_ or person.dynamic_template_data for person in people):
        return False
    return _recipients_pass(people) and _send_times_pass(people, now) and _headers_pass(people) and _values_pass(people)


def _recipients_pass(people: list[Personalization]) -> bool:
    """One valid address each; no line breaks in names and subjects."""
    to = [person.to or [] for person in people]
    if set(map(len, to)) != {1}:
        return False
    emails = [addresses[0].email for addresses in to]
    if not all(map(ADDRESS.fullmatch, emails)) or max(map(len, emails)) > MAX_ADDRESS:
        return False
    subjects = [person.subject for person in people if isinstance(person.subject, str)]
    names = [addresses[0].name for addresses in to if addresses[0].name]
    return "" not in subjects and not has_line_break("".join(names)) and not has_line_break("".join(subjects))


def _send_times_pass(people: list[Personalization], now: float) -> bool:
    times = [person.send_at for person in people if person.send_at]
    return not times or (min(times) >= 0 and max(times) - now <= MAX_SCHEDULE_SECONDS)


def _headers_pass(people: list[Personalization]) -> bool:
    """Checks each distinct header name once and all values together."""
    headers = [person.headers for person in people if person.headers]
    names = set(chain.from_iterable(headers))
    return not has_line_break("".join(chain.from_iterable(map(dict.values, headers)))) and not any(
        header_problems("", dict.fromkeys(names, ""))
    )


def _values_pass(people: list[Personalization]) -> bool:
    """Substitutions and custom_args are certainly within the limits; no custom_args is empty."""
    values = [person.substitutions for person in people if person.substitutions]
    args = [person.custom_args for person in people if person.custom_args]
    if any(person.custom_args == {} for person in people if not person.custom_args):
        return False
    return _within_limits(values) and _within_limits(args) and max(map(len, values), default=0) <= SUBSTITUTION_ITEMS


def _within_limits(values: list[dict[str, str]]) -> bool:
    keys = max(map(len, map("".join, values)), default=0)
    return keys + max(map(len, map("".join, map(dict.values, values))), default=0) <= SAFE_CHARACTERS
