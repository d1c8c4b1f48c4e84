"""GET and POST /preferences/{token}: topics, tracking, stop everything, come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from include.core import clock
from include.core.shop import MARKETING, TRACKING, Shop, in_language
from include.core.token import Subject
from include.edge import body, branding, page
from include.edge.form import read_form
from include.edge.language import words_for
from include.edge.person import ask, steady_time, subject_of
from include.edge.settings import settings
from include.edge.unsubscribe import leave, suppression
from include.ledger import consent, opt_out_log
from include.ledger.consent import Consent
from include.ledger.database import Ledger
from include.ledger.suppressions import LIFTABLE, lift, reasons_in_force

SOURCE = "preference_page"
SAVE, STOP_ALL, RESUBSCRIBE = ACTIONS = ("save", "stop_all", "resubscribe")
"""What the page's forms can ask for."""


async def preferences(request: Request) -> Response:
    """GET shows what holds. POST does one of: save (topics and tracking), stop_all, resubscribe; then shows what holds.

    A form that asks for anything else changes nothing and is told so, with 400.
    """
    token, shop = request.path_params["token"], branding.shop()
    wish = _wish(await read_form(request), shop) if request.method == "POST" else None
    async with steady_time():
        values = await ask(lambda ledger, subject: _change_and_show(ledger, subject, wish), await subject_of(token))
    topics = _topics(shop, words_for(request, shop.default_locale).locale)
    return page.show(request, "preferences", topics=topics, **values)


def _topics(shop: Shop, locale: str) -> list[dict[str, str]]:
    """The shop's topics in the page's language, or in the shop's own where a topic has no words in that."""
    default = shop.default_locale
    return [
        {
            "id": topic.id,
            "label": in_language(topic.label, locale, default),
            "description": in_language(topic.description, locale, default),
        }
        for topic in shop.topics
    ]


@dataclass(frozen=True)
class Wish:
    """What a form asks for. `answers` to topics and tracking, for `save`; what it does not name stays as it is."""

    action: str
    answers: Mapping[str, bool]


def _wish(form: FormData, shop: Shop) -> Wish:
    """What the form asks for. Raises `Refused` where that is not among what the page offers: nothing is changed then."""
    action = str(form.get("action"))
    if action not in ACTIONS:
        raise body.Refused(400, "unknown action")
    return Wish(action, _answers(form, shop) if action == SAVE else {})


def _answers(form: FormData, shop: Shop) -> dict[str, bool]:
    """A checked topic is wanted, an unchecked one declined; tracking changes only where its box says so."""
    wanted = {str(name) for name in form.getlist("topic")}
    known = [topic.id for topic in shop.topics]
    if not wanted <= set(known) or form.get("allow_tracking", "yes") != "yes":
        raise body.Refused(400, "unknown choice")
    answers = {topic: topic in wanted for topic in known}
    if form.get("stop_tracking"):
        answers[TRACKING] = False
    elif form.get("allow_tracking"):
        answers[TRACKING] = True
    return answers


def _change_and_show(ledger: Ledger, subject: Subject, wish: Wish | None) -> dict[str, Any]:
    saved = wish is not None
    if wish is not None:
        saved = change(ledger, subject, wish)
    reasons = reasons_in_force(ledger, subject.address_key)
    return {
        "saved": saved,
        "choices": consent.of_person(ledger, subject.address_key),
        "suppressed": bool(reasons),
        "liftable": reasons <= LIFTABLE,
    }


def change(ledger: Ledger, subject: Subject, wish: Wish) -> bool:
    """Do what the form asks; False where the person wants mail again and there is no unsubscribe of theirs to lift."""
    if wish.action == STOP_ALL:
        leave(ledger, subject, SOURCE)
    elif wish.action == RESUBSCRIBE:
        if not lift(ledger, subject.address_key, SOURCE, subject.message_key):
            return False
        opt_out_log.note(settings().paths, "lift", suppression(subject, SOURCE))
        consent.record(ledger, [_answer(subject, MARKETING, True)])
    else:
        consent.record(ledger, [_answer(subject, topic, given) for topic, given in wish.answers.items()])
    return True


def _answer(subject: Subject, topic: str, given: bool) -> Consent:
    return Consent(subject.address_key, topic, given, SOURCE, clock.now().timestamp(), subject.message_key)
