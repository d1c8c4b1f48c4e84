"""GET and POST /preferences/{token}: topics, tracking, stop everything, come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from include.core import clock
from include.core.token import Subject
from include.edge import body, page
from include.edge.person import NOBODY, ask, steady_time
from include.edge.settings import settings
from include.edge.unsubscribe import leave, suppression
from include.ledger import consent, departures
from include.ledger.consent import MARKETING, TOPICS, TRACKING, Consent
from include.ledger.database import Ledger
from include.ledger.suppressions import LIFTABLE, lift, reasons_in_force

SOURCE = "preference_page"


async def preferences(request: Request) -> Response:
    """GET shows what holds. POST does one of: save (topics and tracking), stop_all, resubscribe; then shows what holds."""
    token = request.path_params["token"]
    form: FormData | None = None
    if request.method == "POST":
        form = await _form(request)
    async with steady_time():
        values = await ask(lambda ledger, subject: _change_and_show(ledger, subject, form), token)
    return page.show("preferences", saved=form is not None, topics=TOPICS, **values)


def _change_and_show(ledger: Ledger, subject: Subject | None, form: FormData | None) -> dict[str, Any]:
    if form is not None and subject is not None:
        change(ledger, subject, form)
    address = subject.address_key if subject else NOBODY
    reasons = reasons_in_force(ledger, address)
    return {
        "choices": consent.of_person(ledger, address),
        "suppressed": bool(reasons),
        "liftable": reasons <= LIFTABLE,
    }


def change(ledger: Ledger, subject: Subject, form: FormData) -> None:
    """Do what the form asks. What it does not name stays; an unknown action changes nothing."""
    action = form.get("action")
    if action == "stop_all":
        leave(ledger, subject, SOURCE)
    elif action == "resubscribe":
        if lift(ledger, subject.address_key, SOURCE, subject.message_key):
            departures.note(settings().paths, "lift", suppression(subject, SOURCE))
            consent.record(ledger, [_answer(subject, MARKETING, True)])
    elif action == "save":
        consent.record(ledger, _answers(subject, form))


def _answers(subject: Subject, form: FormData) -> list[Consent]:
    """A checked topic is wanted, an unchecked one declined; tracking changes only where its box says so."""
    wanted = set(form.getlist("topic"))
    answers = [_answer(subject, topic.id, topic.id in wanted) for topic in TOPICS]
    if form.get("stop_tracking"):
        answers.append(_answer(subject, TRACKING, False))
    elif form.get("allow_tracking"):
        answers.append(_answer(subject, TRACKING, True))
    return answers


def _answer(subject: Subject, topic: str, given: bool) -> Consent:
    return Consent(subject.address_key, topic, given, SOURCE, clock.now().timestamp(), subject.message_key)


async def _form(request: Request) -> FormData:
    """The form's fields, urlencoded or multipart; files are refused. Raises `Refused`."""
    content = await body.read_body(request, body.FORM_BYTES)

    async def stream() -> AsyncIterator[bytes]:
        yield content
        yield b""

    try:
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return await MultiPartParser(request.headers, stream(), max_files=0, max_fields=50).parse()  # type: ignore[arg-type]
        return await FormParser(request.headers, stream()).parse()  # type: ignore[arg-type]
    except (MultiPartException, KeyError, ValueError):
        raise body.Refused(400, "not a form") from None
