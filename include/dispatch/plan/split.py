"""The two plans of a campaign with a `winner`: a test of its variants on a part of the audience, and the rest.

The test is the plan of the occurrence, such as `2026-W48`; the rest is planned when the winner is known, as
`2026-W48-rest`, with the suppressions and consent of that moment. A hash decides who is in which part. A plan that takes
people back (see freed.py) belongs to the occurrence of the one that lost them: `2026-W48-freed1`, `2026-W48-rest-freed1`.
"""

from __future__ import annotations

import re
from typing import Any

from include.core.campaign import REST, Campaign
from include.core.errors import ContentChanged, PlanError
from include.ledger import decisions, plans
from include.ledger.database import Ledger

Part = dict[str, Any]
"""Which people of the audience an occurrence is for: the parameters of selected_part.sql."""
_FREED = re.compile(r"-freed[1-9][0-9]*$")


def part_of(campaign: Campaign, occurrence: str) -> Part | None:
    """The part of an occurrence; None for a campaign without a winner, whose audience is one."""
    if campaign.winner is None:
        return None
    return {
        "campaign": campaign.id,
        "occurrence": first_part(occurrence),
        "test_share": campaign.winner.test_percent * 100,
        "is_rest": is_rest(occurrence),
    }


def is_rest(occurrence: str) -> bool:
    """Whether an occurrence is the rest of an experiment."""
    return losing_plan(occurrence).endswith(REST)


def is_freed(occurrence: str) -> bool:
    """Whether an occurrence takes people back who lost to other mail."""
    return _FREED.search(occurrence) is not None


def losing_plan(occurrence: str) -> str:
    """The occurrence whose people are taken back by one like `2026-W48-freed1`; any other as it is."""
    return _FREED.sub("", occurrence)


def first_part(occurrence: str) -> str:
    """The occurrence of the test of an experiment, also for its rest and for people taken back; any other as it is."""
    return losing_plan(occurrence).removesuffix(REST)


def for_rest(ledger: Ledger, campaign: Campaign, occurrence: str, content_hash: str) -> Campaign:
    """The campaign with the winning variant only. `content_hash` is that of its present content.

    Raises `PlanError` if there is no winner yet, `ContentChanged` if the content is not the one that was tested. Once the
    rest is planned, its own content counts, which a person may have replaced.
    """
    test = plans.plan_id_of(campaign.id, first_part(occurrence))
    plan, where = plans.find_plan(ledger, test), f"{campaign.id} {occurrence}"
    chosen = [each.details["variant"] for each in decisions.of_plan(ledger, test) if each.action == "choose_winner"]
    if plan is None or not chosen:
        raise PlanError("has no winner yet.", where=where, remedy="collect_engagement chooses it when the test is over.")
    is_planned = plans.find_plan(ledger, plans.plan_id_of(campaign.id, losing_plan(occurrence))) is not None
    if content_hash != plan.content_hash and not is_planned:
        raise ContentChanged(
            "the template or campaign was edited after its variants were tested; nobody of the rest was sent anything.",
            where=where,
            remedy="Restore the content as it was, then run this occurrence again.",
        )
    winning = [variant for variant in campaign.variants if variant.id == chosen[-1]]
    return campaign.model_copy(update={"variants": tuple(winning), "winner": None})
