"""Validates the values of a mail; reports all problems, in SendGrid's wording."""

from __future__ import annotations

from simulator.api.payload import Mail
from simulator.api.responses import Problem
from simulator.api.rules.account import Account
from simulator.api.rules.fast_check import passes_fast_check
from simulator.api.rules.person import person_problems
from simulator.api.rules.request import MAX_RECIPIENTS, request_problems
from simulator.api.rules.values import problem

MAX_BYTES = 30 * 1024 * 1024
NOT_VERIFIED = (
    "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved. Visit "
    "https://sendgrid.com/docs/for-developers/sending-email/sender-identity/ to see the Sender Identity requirements"
)


def problems(mail: Mail, account: Account, now: float) -> list[Problem]:
    """All problems that make the request a 400; empty for a valid mail."""
    found = [*request_problems(mail, account, now)]
    if not passes_fast_check(mail, now):
        found += [one for at, person in enumerate(mail.personalizations) for one in person_problems(at, person, mail, now)]
    total = sum(len(person.to or ()) + len(person.cc or ()) + len(person.bcc or ()) for person in mail.personalizations)
    if total > MAX_RECIPIENTS:
        message = f"The total number of recipients must be less than or equal to {MAX_RECIPIENTS}."
        found.append(problem(message, "personalizations", "recipients"))
    return found


def sender_refused(mail: Mail, account: Account) -> Problem | None:
    """The problem (403) of an unverified `from` of the request or of a personalization."""
    if mail.from_ and not account.verified(mail.from_.email):
        return Problem(NOT_VERIFIED, "from", None)
    for at, person in enumerate(mail.personalizations):
        if person.from_ and not account.verified(person.from_.email):
            return Problem(NOT_VERIFIED, f"personalizations.{at}.from", None)
    return None
