"""Freezes and sends the nightly report by mail.

It is a plan of the kind *test*, since it has in common with a test send what matters: it goes to the team, its links change
nothing, nobody is tracked, and no mart counts it. Its occurrence is the day, so that a day has one plan, and the ledger one
request for each addressee, however often the task runs. What the mail says is `published/report_figures.json`.
"""

from __future__ import annotations

import logging
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from include.core.campaign import Campaign
from include.core.connections import SendGridAccount
from include.core.errors import PlanError
from include.core.keys import address_key
from include.core.pace import AccountPace
from include.core.seeds import NightlyReport, Seed, load_nightly_report
from include.dispatch import public_edge
from include.dispatch.account.settle import settle
from include.dispatch.content import Content, compile_content
from include.dispatch.plan.freeze import PlanRequest, freeze_contents
from include.dispatch.preview.people import example_people
from include.dispatch.preview.test_send import seed_people
from include.dispatch.send import sender
from include.ledger import plans, suppressions
from include.ledger.counts import PeopleByState
from include.ledger.stores import Stores

log = logging.getLogger(__name__)

ID = "nightly_report"
TEMPLATE = Path(__file__).with_name("template")
LOCALE = "en"


def freeze_report(
    stores: Stores, account: SendGridAccount, *, day: date, edge_url: str, console: str, at: datetime
) -> str | None:
    """The id of the day's plan, found or frozen now; None if nobody gets the report, or everybody's address is suppressed.

    `console` is the address of the console, to which the mail links; '' for no links. A plan that exists is not compared
    with newer figures: the day's mail is what it was. Raises as `start_run`, and `PlanError` without figures.
    """
    if (team := load_nightly_report()) is None:
        return None
    public_edge.require_answer(account, edge_url, stores.secrets)
    report, seeds = team
    request = PlanRequest(_campaign(report), f"{plans.TEST}-report-{day}", plans.TEST, edge_url, at, marked=False)
    if plans.find_plan(stores.ledger, request.plan_id) is None:
        mailable = _mailable(stores, seeds)
        if not mailable:
            return None
        anybody = example_people()[0]
        people = seed_people(stores, request, mailable, dict.fromkeys(mailable, anybody))
        freeze_contents(stores, request, _contents(stores, request.campaign, day, console), people)
    return request.plan_id


def send_report(stores: Stores, account: SendGridAccount, plan_id: str, account_pace: AccountPace) -> PeopleByState:
    """Send what is pending of the plan, and check that every addressee is accounted for; returns people by state."""
    for part in sender.ranges(stores.ledger, plan_id):
        sender.send_range(stores, account, account_pace=account_pace, **part)
    return settle(stores.ledger, plan_id)


def _campaign(report: NightlyReport) -> Campaign:
    """What the sender and the compiler ask of a campaign."""
    return Campaign(
        id=ID,
        name="Nightly report",
        owner="analytics",
        purpose="The key figures of the published file, for the team.",
        occurrence="day",
        segment="team",
        template=ID,
        locales=(LOCALE,),
        sender=report.sender,
        postal_address=report.postal_address,
    )


def _mailable(stores: Stores, seeds: dict[str, Seed]) -> dict[str, Seed]:
    """The addressees whose addresses are not suppressed; the others are logged by name, since no night may fail for them."""
    keys = {name: address_key(stores.secrets.address_key, seed.address) for name, seed in seeds.items()}
    reasons = {name: suppressions.reasons_in_force(stores.ledger, key) for name, key in keys.items()}
    for name in (name for name, found in reasons.items() if found):
        log.warning("%s gets no report: the address is suppressed (%s)", name, ", ".join(sorted(reasons[name])))
    return {name: seed for name, seed in seeds.items() if not reasons[name]}


def _contents(stores: Stores, campaign: Campaign, day: date, console: str) -> dict[str, Content]:
    (variant,) = campaign.variants
    report = {**_figures(stores), "day": f"{day.day} {day:%B %Y}", "console": console.rstrip("/")}
    content = compile_content(TEMPLATE, campaign=campaign, variant=variant, locale=LOCALE, values={"report": report})
    return {f"{variant.id}.{LOCALE}": content}


def _figures(stores: Stores) -> dict[str, Any]:
    """What `include/publish/report_figures.py` wrote."""
    try:
        figures: dict[str, Any] = orjson.loads(stores.paths.report_figures.read_bytes())
    except (OSError, ValueError) as error:
        raise PlanError(
            f"the figures of the report cannot be read ({type(error).__name__}).",
            where=str(stores.paths.report_figures),
            remedy="Clear the task publish.report of nightly_analytics: it writes them.",
        ) from error
    return figures
