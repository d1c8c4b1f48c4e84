"""The runs of other campaigns that are due soon, rank higher, and would lose people to a run that is planned now.

Two runs *clash* if the frequency cap of the later one leaves out people who got the earlier one. Of two that clash, the
lower rank gives way: by priority, then by value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from include.core.campaign import REST, Campaign
from include.core.occurrence import occurrence_of
from include.dispatch.plan import freed
from include.dispatch.plan.split import first_part
from include.ledger import plans
from include.ledger.database import Ledger

OVERDUE = timedelta(hours=1)
"""A due run without a plan is waited for so long; one that is later has probably failed, and gets what is left."""
LONGEST_CAP = timedelta(days=31)


class Rank(NamedTuple):
    """Higher comes first. `value` is what a mail is worth, in the shop's currency."""

    priority: int
    value: float


@dataclass(frozen=True)
class Run:
    """A campaign at an occurrence, planned or due at `at`."""

    campaign: Campaign
    occurrence: str
    at: datetime
    rank: Rank

    @property
    def name(self) -> tuple[str, str]:
        return self.campaign.id, self.occurrence


RankOf = Callable[[Campaign], Rank]


def clash(one: Run, other: Run) -> bool:
    """Whether the frequency cap of the later run leaves out who got the earlier one. Of equal times, `other` is later."""
    first, second = sorted((one, other), key=lambda run: run.at)
    return second.at - first.at < timedelta(hours=second.campaign.frequency_cap_hours)


def contenders(ledger: Ledger, run: Run, others: Iterable[Campaign], rank_of: RankOf) -> list[Run]:
    """The due runs that outrank `run`, and those that outrank these in turn; highest rank first, then earliest.

    Of each campaign, the first run that clashes: its later runs have the same people. `others` are running campaigns.
    """
    rivals = [each for each in others if each.kind == "marketing"]
    found: dict[tuple[str, str], Run] = {}
    targets = [run] if run.campaign.kind == "marketing" else []
    while targets:
        target = targets.pop()
        higher = [each for each in rivals if each.id != target.campaign.id and rank_of(each) > target.rank]
        for rival in _first_clashes(ledger, target, higher, run.at, rank_of):
            if rival.name not in found:
                found[rival.name] = rival
                targets.append(rival)
    return sorted(found.values(), key=_order)


def _order(run: Run) -> tuple[float, float, datetime, str]:
    return -run.rank.priority, -run.rank.value, run.at, run.campaign.id


def _first_clashes(
    ledger: Ledger, target: Run, campaigns: Sequence[Campaign], now: datetime, rank_of: RankOf
) -> Iterator[Run]:
    """For each campaign its first due run that clashes with `target`; also the rest of its test, if that clashes.

    And whom it may take back now: of two that lost somebody to a mail that was cancelled, the higher rank gets them.
    """
    for campaign in campaigns:
        due = (
            Run(campaign, occurrence, at, rank_of(campaign))
            for occurrence, at in _due(ledger, campaign, now, until=target.at + LONGEST_CAP)
        )
        freed_now = (
            Run(campaign, occurrence, now, rank_of(campaign)) for occurrence in freed.open_occurrences(ledger, campaign)
        )
        for is_due, runs in ((True, due), (False, _rests(ledger, campaign, now, rank_of)), (False, freed_now)):
            first = next((each for each in runs if clash(target, each)), None)
            if first:
                yield first
                if campaign.winner and is_due:
                    rest = _rest_of(first)
                    yield from [rest] if clash(target, rest) else []


def _due(ledger: Ledger, campaign: Campaign, now: datetime, until: datetime) -> Iterator[tuple[str, datetime]]:
    """The occurrences without a plan that are due up to a time, and when; an overdue one is due now."""
    seen, at = set[str](), campaign.next_run(now - OVERDUE)
    while at is not None and at <= until:
        occurrence = occurrence_of(campaign, at)
        if occurrence not in seen and not _is_planned(ledger, campaign, occurrence):
            yield occurrence, max(at, now)
        seen.add(occurrence)
        at = campaign.next_run(at)


def _rest_of(test: Run) -> Run:
    """The run that sends the winner of a test to the rest."""
    assert test.campaign.winner
    after = timedelta(hours=test.campaign.winner.after_hours)
    return Run(test.campaign, test.occurrence + REST, test.at + after, test.rank)


def _rests(ledger: Ledger, campaign: Campaign, now: datetime, rank_of: RankOf) -> Iterator[Run]:
    """The rests of tests that are planned and not cancelled, and whose rest is neither planned nor overdue."""
    tests = plans.of_campaign(ledger, campaign.id) if campaign.winner else []
    for plan in tests:
        test = Run(campaign, plan.occurrence, datetime.fromtimestamp(plan.planned_at, UTC), rank_of(campaign))
        rest = _rest_of(test)
        is_test = plan.occurrence == first_part(plan.occurrence)
        is_open = plan.state != "cancelled" and is_test and rest.at >= now - OVERDUE
        if is_open and not _is_planned(ledger, campaign, rest.occurrence):
            yield Run(campaign, rest.occurrence, max(rest.at, now), rest.rank)


def _is_planned(ledger: Ledger, campaign: Campaign, occurrence: str) -> bool:
    return plans.find_plan(ledger, plans.plan_id_of(campaign.id, occurrence)) is not None
