"""Asks people to approve a campaign before it is sent, with its preview, and keeps their answers in the ledger."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict

from include.core import clock
from include.core.approval import Approval
from include.core.campaign import Campaign
from include.core.errors import TradewindError
from include.core.pace import AccountPace
from include.dispatch.plan import approval
from include.dispatch.plan.approval import Subject
from include.dispatch.plan.contents import compile_contents, content_hash
from include.dispatch.plan.split import first_part
from include.dispatch.preview.preview import Previewed, preview_run
from include.ledger import approvals, counts, plans
from include.ledger.approvals import ANONYMOUS, NOBODY, Answer
from include.ledger.database import Ledger
from include.ledger.stores import Stores

log = logging.getLogger(__name__)

Outcome = Literal["approved", "ended", "unanswered", "edited"]
"""`unanswered`: more people must approve. `edited`: what was shown is no longer what would be sent."""


class CampaignEdited(TradewindError):
    """The campaign was edited while its approval was asked for: an answer would not be about what was shown."""

    retryable = True


class Question(TypedDict):
    """A question that waits for answers until `until` (Unix seconds), about the parts of what would be sent.

    `page` is the preview and `picture` that of its first mail ('' without Chromium), relative to the data folder; `text` is
    the question in words.
    """

    campaign: str
    occurrence: str
    parts: dict[str, str]
    hash: str
    until: float
    page: str
    picture: str
    text: str


def unapproved(ledger: Ledger, campaign: Campaign, occurrence: str) -> Subject | None:
    """What must be approved before this occurrence is sent; None if it may be. Raises `PlanError`, as a plan does."""
    if (rule := campaign.approval_rule) is None:
        return None
    plan = plans.find_plan(ledger, plans.plan_id_of(campaign.id, occurrence))
    if plan is not None and (approval.is_covered(plan, campaign) or not _has_pending(ledger, plan.plan_id)):
        return None
    return _missing(ledger, rule, _subject(campaign, occurrence))


def needs_approval_of_content(ledger: Ledger, campaign: Campaign, occurrence: str) -> bool:
    """Whether the campaign's present content is another than that of its plan, and may only replace it with an approval."""
    plan = plans.find_plan(ledger, plans.plan_id_of(campaign.id, occurrence))
    if campaign.approval_rule is None or plan is None:
        return False
    return content_hash(campaign, compile_contents(campaign)) != plan.content_hash


def uncorrected(ledger: Ledger, campaign: Campaign, occurrence: str) -> Subject | None:
    """What must be approved before the content of a plan is replaced; None if nothing must be."""
    rule = campaign.approval_rule
    if rule is None or not needs_approval_of_content(ledger, campaign, occurrence):
        return None
    return _missing(ledger, rule, _subject(campaign, occurrence))


def ask(
    stores: Stores, campaign: Campaign, occurrence: str, wanted: Subject, *,
    run: str, at: datetime, edge_url: str, account_pace: AccountPace, with_pictures: bool = False,
) -> Question:  # fmt: skip
    """Write the preview and return the question about it.

    Raises `PlanError` with file and line, as a preview does, or `CampaignEdited` if the preview may not show `wanted`.
    """
    rule = campaign.approval_rule
    assert rule is not None
    until = clock.now() + rule.time
    shown = preview_run(
        stores, campaign, run=run, edge_url=edge_url, account=account_pace, at=at, with_pictures=with_pictures,
        approval=_page_note(wanted, until), occurrence=first_part(occurrence),
    )  # fmt: skip
    if _subject(campaign, occurrence).parts != wanted.parts:
        raise edited(campaign)
    return Question(
        campaign=campaign.id, occurrence=occurrence, parts=dict(wanted.parts), hash=wanted.hash, until=until.timestamp(),
        page=shown["page"], picture=_picture(stores, shown["page"]), text=f"{_figures(shown)}\n\n{_text(rule)}",
    )  # fmt: skip


def approve(stores: Stores, campaign: Campaign, question: Question, user: Mapping[str, str]) -> Outcome:
    """Keep the approval of Airflow's user (`id` and `name`), unless the campaign was edited since the question was asked."""
    rule, (wanted, asked) = campaign.approval_rule, (_subject(campaign, question["occurrence"]), _asked(question))
    if rule is None or wanted.parts != asked.parts:
        log.warning("%s %s was edited after the question; nothing was approved", asked.campaign, asked.occurrence)
        return "edited"
    approvals.keep(stores.ledger, asked.plan_id, Answer("approve", user["id"], user["name"], asked.parts, asked.hash))
    missing = approval.missing_people(stores.ledger, rule, wanted)
    if missing:
        who = "nobody can be told apart" if user["id"] == ANONYMOUS else "a second click of one person does not count"
        log.warning("%s %s: %d more must approve (%s)", asked.campaign, asked.occurrence, missing, who)
    return "unanswered" if missing else "approved"


def reject(stores: Stores, question: Question, user: Mapping[str, str] | None) -> Outcome:
    """Keep that a person rejected it, or that nobody answered in time (`user` is None). Takes back earlier approvals."""
    asked = _asked(question)
    if user:
        answer = Answer("reject", user["id"], user["name"], asked.parts, asked.hash)
    else:
        answer = Answer("expire", "", NOBODY, asked.parts, asked.hash)
    approvals.keep(stores.ledger, asked.plan_id, answer)
    log.warning("%s %s: %s; nothing is sent", asked.campaign, asked.occurrence, answer.action)
    return "ended"


def edited(campaign: Campaign) -> CampaignEdited:
    """The error with which a task asks anew."""
    what, remedy = "was edited while its approval was asked for.", "It is asked anew."
    return CampaignEdited(what, where=f"campaign {campaign.id}", remedy=remedy, retry_after=1)


def _missing(ledger: Ledger, rule: Approval, wanted: Subject) -> Subject | None:
    return wanted if approval.missing_people(ledger, rule, wanted) else None


def _subject(campaign: Campaign, occurrence: str) -> Subject:
    return approval.subject(campaign, compile_contents(campaign), occurrence)


def _asked(question: Question) -> Subject:
    return Subject(question["campaign"], question["occurrence"], question["parts"])


def _has_pending(ledger: Ledger, plan_id: str) -> bool:
    with ledger.read() as connection:
        return counts.tally(connection, plan_id).pending > 0


def _page_note(wanted: Subject, until: datetime) -> str:
    return (
        f"This waits for an approval, until {until:%-d %B %Y, %H:%M} UTC. Approved is occurrence "
        f"{first_part(wanted.occurrence)} exactly as it is now, version {wanted.hash[:12]}."
    )


def _picture(stores: Stores, page: str) -> str:
    """The picture of the first mail of a preview."""
    picture = f"{page.removesuffix('.html')}/mail-1.png"
    return picture if (stores.paths.root / picture).is_file() else ""


def _figures(shown: Previewed) -> str:
    """The audience and its subtraction. Airflow shows the first text of a task for good, so it says of when they are."""
    less = {"who may not be mailed": shown["suppressed"], "over a cap": shown["capped"], "held out": shown["held_out"]}
    subtracted = "".join(f", less {people:,} {why}" for why, people in less.items() if people)
    return (
        f"**{shown['planned']:,} people** would get it if it were due: {shown['selected']:,} in the segment{subtracted}. "
        f"So it was when this was first asked, on {clock.now():%-d %B %Y at %H:%M} UTC; the preview has the present figures."
    )


def _text(rule: Approval) -> str:
    """What is asked for, and what happens without an answer."""
    who = "One person must answer"
    if rule.people > 1:
        who = f"{rule.people} different people must approve, one after the other (a second click of one does not count),"
    return (
        "The preview also shows when the mail arrives, what it costs, what a check found, and the mails. Approved is "
        "exactly what it shows, for this occurrence only. After an edit, this asks again, with a new preview.\n\n"
        f"{who} within {rule.within}. Without an answer, nothing is sent and the run "
        f"{'ends' if rule.on_timeout == 'skip' else 'fails'}. Who answers, and when, is kept."
    )
