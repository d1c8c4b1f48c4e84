"""GET and POST /preferences/{token}: topics, tracking, a pause, unsubscribe from everything, resubscribe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from include.core import clock
from include.core.shop import MARKETING, PAUSE, PAUSE_SECONDS, TRACKING, Shop, in_language
from include.core.token import Subject
from include.edge import body, branding, page, wording
from include.edge.form import read_form
from include.edge.language import Texts, texts_for
from include.edge.settings import settings
from include.edge.subject import minimum_duration, verify_link, with_ledger
from include.edge.unsubscribe import record_unsubscribe, suppression
from include.ledger import consent, consent_journal, opt_out_log
from include.ledger.consent import Consent
from include.ledger.database import Ledger
from include.ledger.suppressions import LIFTABLE, lift, reasons_in_force
from include.ledger.wording import Wording

SOURCE = "preference_page"
SAVE, STOP_ALL, RESUBSCRIBE, START_PAUSE, END_PAUSE = ACTIONS = ("save", "stop_all", "resubscribe", "pause", "end_pause")
"""The values of `action` in the page's forms."""


async def preferences(request: Request) -> Response:
    """GET shows the current preferences. POST applies the change of one of the page's forms (`ACTIONS`) and shows them.

    Any other form is rejected with 400 and changes nothing.
    """
    token, shop = request.path_params["token"], branding.shop()
    texts = texts_for(request, shop.default_locale)
    change = _requested_change(await read_form(request), shop, texts) if request.method == "POST" else None
    async with minimum_duration():
        values = await with_ledger(
            lambda ledger, subject: _apply_and_read(ledger, subject, change), await verify_link(token)
        )
    topics = _topics(shop, texts.locale)
    return page.render(request, "preferences", topics=topics, **values)


def _topics(shop: Shop, locale: str) -> list[dict[str, str]]:
    """The shop's topics in the page's language, or in the default language where a topic has no text in it."""
    default = shop.default_locale
    return [
        {
            "id": topic.id,
            "label": in_language(topic.label, locale, default),
            "description": in_language(topic.description, locale, default),
        }
        for topic in shop.topics
    ]


class PageState(TypedDict):
    """What the page shows. `saved` is true after a change; `liftable` means that the person can resubscribe.

    `paused_until` is the end of the pause in force, `pause_ends` the end of a pause that starts now.
    """

    saved: bool
    paused_until: datetime | None
    pause_ends: datetime
    choices: dict[str, bool]
    suppressed: bool
    liftable: bool


@dataclass(frozen=True)
class Change:
    """A requested change.

    `answers` are recorded in the consent log; what they do not name stays as it is. `shown` has the wording of each answer.
    """

    action: str
    answers: Mapping[str, bool]
    shown: Mapping[str, Wording]


def _requested_change(form: FormData, shop: Shop, texts: Texts) -> Change:
    """The change that the form requests. Raises `Refused` for one that the page does not offer."""
    action = str(form.get("action"))
    if action not in ACTIONS:
        raise body.Refused(400, "unknown action")
    if action == RESUBSCRIBE:
        shown = wording.resubscription(texts, shop)
        return Change(action, {MARKETING: True, PAUSE: True}, {MARKETING: shown, PAUSE: shown})
    if action in (START_PAUSE, END_PAUSE):
        ends = action == END_PAUSE
        return Change(action, {PAUSE: ends}, {PAUSE: wording.pause(texts, shop, ends=ends)})
    answers = _choices(form, shop) if action == SAVE else {}
    return Change(
        action, answers, {topic: wording.choice(texts, shop, topic, given=given) for topic, given in answers.items()}
    )


def _choices(form: FormData, shop: Shop) -> dict[str, bool]:
    """A checked topic is accepted, an unchecked one declined; tracking changes only if its box is checked."""
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


def _apply_and_read(ledger: Ledger, subject: Subject, change: Change | None) -> PageState:
    saved = change is not None and apply_change(ledger, subject, change)
    reasons = reasons_in_force(ledger, subject.address_key)
    return PageState(
        saved=saved,
        paused_until=consent.paused_until(ledger, subject.address_key),
        pause_ends=clock.now() + timedelta(seconds=PAUSE_SECONDS),
        choices=consent.of_person(ledger, subject.address_key),
        suppressed=bool(reasons),
        liftable=reasons <= LIFTABLE,
    )


def apply_change(ledger: Ledger, subject: Subject, change: Change) -> bool:
    """Apply the change; False for a resubscription without an unsubscribe to lift, and the end of a pause that is over.

    A person who resubscribes wants mail now, so a pause ends with it.
    """
    is_paused = consent.paused_until(ledger, subject.address_key) is not None
    topics = [topic for topic, given in change.answers.items() if topic != PAUSE or is_paused or not given]
    if change.action == STOP_ALL:
        record_unsubscribe(ledger, subject, SOURCE)
        return True
    if change.action == RESUBSCRIBE:
        if not lift(ledger, subject.address_key, SOURCE, subject.message_key):
            return False
        opt_out_log.append(settings().paths, "lift", suppression(subject, SOURCE))
    elif not topics:
        return False
    consent.record(ledger, [_consent(subject, topic, change) for topic in topics])
    consent_journal.append_new(settings().paths, ledger)
    return True


def _consent(subject: Subject, topic: str, change: Change) -> Consent:
    now, evidence = clock.now().timestamp(), {"channel": "web", "page": "/preferences", "button": change.action}
    return Consent(
        subject.address_key, topic, change.answers[topic], SOURCE, now, subject.message_key, change.shown[topic], evidence
    )
