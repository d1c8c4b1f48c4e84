"""GET and POST /confirm/{token}: the double opt-in's second step.

The link goes to the address itself and its token serves this purpose only. GET shows a page with a button and records
nothing, because scanners and mail clients follow links; the button's POST is the confirmation.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from include.core import clock
from include.core.shop import MARKETING
from include.core.token import CONFIRM, UNSUBSCRIBE, Subject, mint
from include.edge import body, branding, page, wording
from include.edge.form import read_form
from include.edge.language import texts_for
from include.edge.settings import settings
from include.edge.subject import minimum_duration, verify_link, with_ledger
from include.ledger import consent, consent_journal
from include.ledger.consent import Consent
from include.ledger.database import Ledger
from include.ledger.suppressions import LIFTABLE
from include.ledger.wording import Wording

SOURCE = "double_opt_in"
YES = "confirm"
"""The value of `action` in the button's form. A POST without it is rejected."""


@dataclass(frozen=True)
class Confirmed:
    """The result of a confirmation. With `reasons`, the address is suppressed and nothing was recorded."""

    preferences: str
    reasons: frozenset[str]


async def confirm(request: Request) -> Response:
    """GET shows the button, POST records consent to marketing. Idempotent.

    It lifts no suppression, not even the person's own unsubscribe: a link that was sent before an unsubscribe must not undo
    it. To resubscribe, people use the preference page, to which the response links.
    """
    token = request.path_params["token"]
    if request.method != "POST":
        subject = await verify_link(token, CONFIRM)
        return page.render_problem(request, 410, "expired") if _is_expired(subject) else page.render(request, "confirm")
    if (await read_form(request)).get("action") != YES:
        raise body.Refused(400, "the form does not confirm")
    shown = wording.confirmation(texts_for(request, branding.shop().default_locale), branding.shop())
    async with minimum_duration():
        answer = await with_ledger(
            lambda ledger, subject: _record(ledger, subject, shown), await verify_link(token, CONFIRM)
        )
    if answer is None:
        return page.render_problem(request, 410, "expired")
    if answer.reasons:
        liftable = answer.reasons <= LIFTABLE
        return page.render(request, "not_confirmed", preferences=answer.preferences, liftable=liftable)
    return page.render(request, "confirmed", preferences=answer.preferences)


def _is_expired(subject: Subject) -> bool:
    """Whether the link has expired; a new sign-up gets a new link."""
    return subject.valid_until is None or subject.valid_until < clock.now().timestamp()


def _record(ledger: Ledger, subject: Subject, shown: Wording) -> Confirmed | None:
    """Record the consent and return the result; None for an expired link."""
    if _is_expired(subject):
        return None
    now, evidence = clock.now().timestamp(), {"channel": "web", "page": "/confirm", "button": YES}
    answer = Consent(subject.address_key, MARKETING, True, SOURCE, now, subject.message_key, shown, evidence)
    reasons = consent.record_unless_suppressed(ledger, answer)
    consent_journal.append_new(settings().paths, ledger)
    return Confirmed(mint(settings().secrets, subject, UNSUBSCRIBE), reasons)
