"""GET and POST /confirm/{token}: the double opt-in's second step.

The link goes to the address itself and its token serves this purpose only. GET shows a page with a button and records
nothing, because scanners and mail clients follow links; the button's POST is the person's yes.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from include.core import clock
from include.core.shop import MARKETING
from include.core.token import CONFIRM, UNSUBSCRIBE, Subject, mint
from include.edge import body, page
from include.edge.form import read_form
from include.edge.person import ask, steady_time, subject_of
from include.edge.settings import settings
from include.ledger import consent
from include.ledger.consent import Consent
from include.ledger.database import Ledger
from include.ledger.suppressions import LIFTABLE

SOURCE = "double_opt_in"
YES = "confirm"
"""What the button's form says in `action`. A POST that does not say it is no yes."""


@dataclass(frozen=True)
class Confirmed:
    """What became of a press: `reasons` suppress the address, so that nothing was recorded."""

    preferences: str
    reasons: frozenset[str]


async def confirm(request: Request) -> Response:
    """Show the button; or, when it was pressed, record that the person consented to marketing. Idempotent.

    It lifts no suppression, not even the person's own unsubscribe: a link that was sent before somebody left must not bring
    them back. They come back on the preference page, to which the answer leads.
    """
    token = request.path_params["token"]
    if request.method != "POST":
        subject = await subject_of(token, CONFIRM)
        return page.problem(request, 410, "expired") if _is_over(subject) else page.show(request, "confirm")
    if (await read_form(request)).get("action") != YES:
        raise body.Refused(400, "the form does not say yes")
    async with steady_time():
        answer = await ask(_record, await subject_of(token, CONFIRM))
    if answer is None:
        return page.problem(request, 410, "expired")
    if answer.reasons:
        liftable = answer.reasons <= LIFTABLE
        return page.show(request, "not_confirmed", preferences=answer.preferences, liftable=liftable)
    return page.show(request, "confirmed", preferences=answer.preferences)


def _is_over(subject: Subject) -> bool:
    """Whether the link is too old: who wants mail signs up again."""
    return subject.valid_until is None or subject.valid_until < clock.now().timestamp()


def _record(ledger: Ledger, subject: Subject) -> Confirmed | None:
    """Once their consent is on disk, or cannot be: what became of it. None for a link that is too old."""
    if _is_over(subject):
        return None
    answer = Consent(subject.address_key, MARKETING, True, SOURCE, clock.now().timestamp(), subject.message_key)
    reasons = consent.record_unless_suppressed(ledger, answer)
    return Confirmed(mint(settings().secrets, subject, UNSUBSCRIBE), reasons)
