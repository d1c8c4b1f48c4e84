"""The mails of journeys, by the ids of campaigns: `<journey>__<step>`. People may write `<journey>.<step>`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from include.core.campaign import JOURNEY_SEPARATOR, Campaign
from include.core.campaign_file import campaign_names, inspect_campaign, load_campaign, with_shops_quiet_hours
from include.core.errors import ConfigurationError
from include.core.finding import Finding, errors
from include.core.journey import mail_id
from include.core.journey_file import inspect_journey, journey_names, load_journey
from include.core.suggestion import suggest


def journey_of(mail: str) -> str | None:
    """The journey of which a campaign (its id) is the mail of a step; None for a campaign of its own."""
    name, separator, _ = mail.partition(JOURNEY_SEPARATOR)
    return name if separator else None


def shown_id(of_step: str) -> str:
    """As people write it: `abandoned_basket.reminder`."""
    return of_step.replace(JOURNEY_SEPARATOR, ".", 1)


def campaign_id(text: str) -> str:
    """The campaign id of what people write."""
    return text.replace(".", JOURNEY_SEPARATOR, 1)


def step_mails() -> list[str]:
    """The mail steps of all journeys whose files are valid, as people write them."""
    return [shown_id(each) for each in _ids()]


def read_id(text: str) -> str:
    """The campaign id of a campaign, or of a step as people write it. Raises `ConfigurationError` if there is none."""
    found, known = campaign_id(text), [*campaign_names(), *_ids()]
    if found not in known and journey_of(found) not in journey_names():  # Whose file may have an error.
        names = [shown_id(each) for each in known]
        inside = [name for name in names if name.startswith(f"{text}.")]
        remedy = f"Name one of its mails: {', '.join(inside)}." if inside else suggest(text, names, kind="campaigns")
        raise ConfigurationError(f"there is no campaign '{text[:60]}'.", where="CAMPAIGN", remedy=remedy)
    return found


def load_mail(mail: str) -> Campaign:
    """A campaign, or the mail of a journey's step, by its campaign id, from the file as it is now.

    Raises `ConfigurationError`.
    """
    name = journey_of(mail)
    if name is None:
        return load_campaign(mail)
    journey, step = load_journey(name), mail.partition(JOURNEY_SEPARATOR)[2]
    steps = [each.id for each in journey.steps if each.kind == "mail"]
    if step not in steps:
        what, remedy = f"has no mail step '{step[:40]}'.", suggest(step, steps, kind="mail steps")
        raise ConfigurationError(what, where=f"{name}.yaml", remedy=remedy)
    return with_shops_quiet_hours(journey.campaign(journey.step(step)))


def inspect_mail(mail: str) -> tuple[Sequence[Finding], Campaign | None]:
    """The findings in the file of a campaign or a journey, and the mail, None if the file is not valid.

    Raises `ConfigurationError` if there is no such file or step.
    """
    name = journey_of(mail)
    if name is None:
        document = inspect_campaign(mail)
        return document.findings, document.model
    findings = inspect_journey(name).findings
    return findings, None if list(errors(findings)) else load_mail(mail)


def _ids() -> Iterator[str]:
    for name in journey_names():
        journey = inspect_journey(name).model
        if journey is not None:
            yield from (mail_id(name, step.id) for step in journey.steps if step.kind == "mail")
