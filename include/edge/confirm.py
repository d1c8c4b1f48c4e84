"""GET /confirm/{token}: the double opt-in's second step.

The link goes to the address itself and its token serves this purpose only. GET confirms, so that one click is enough; HEAD
and prefetching, which no person does, show the page and record nothing.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from include.core import clock
from include.core.token import CONFIRM, UNSUBSCRIBE, Subject, mint
from include.edge import body, page
from include.edge.person import ask, steady_time
from include.edge.settings import settings
from include.ledger import consent
from include.ledger.consent import MARKETING, Consent
from include.ledger.database import Ledger

SOURCE = "double_opt_in"


async def confirm(request: Request) -> Response:
    """Record that the person consented to marketing. Idempotent: the first confirmation is the one that stands.

    It lifts no suppression: who left comes back on the preference page, by a press, not by a link a scanner may follow.
    """
    if request.method == "POST":
        await body.read_body(request, body.FORM_BYTES)
    elif request.method == "HEAD" or _is_prefetch(request):
        return page.show("confirm")
    async with steady_time():
        preferences = await ask(_record, request.path_params["token"], CONFIRM)
    if preferences is None:
        return page.problem(404, "This link does not work", "It is not complete, or not ours. Copy it whole from our mail.")
    return page.show("confirmed", preferences=preferences)


def _record(ledger: Ledger, subject: Subject | None) -> str | None:
    """The person's preference token, once their consent is on disk; None for a link that is not ours."""
    if subject is None:
        return None
    answer = Consent(subject.address_key, MARKETING, True, SOURCE, clock.now().timestamp(), subject.message_key)
    consent.record(ledger, [answer])
    return mint(settings().secrets, subject, UNSUBSCRIBE)


def _is_prefetch(request: Request) -> bool:
    said = (
        f"{request.headers.get('sec-purpose', '')} {request.headers.get('purpose', '')} {request.headers.get('x-moz', '')}"
    )
    return "prefetch" in said.lower() or "preview" in said.lower()
