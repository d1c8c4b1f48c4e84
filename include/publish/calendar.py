"""The calendar: what is planned in the next weeks, with expected volumes against the account's limits and the warm-up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal, NamedTuple, cast
from zoneinfo import ZoneInfo

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.core.campaign import Campaign
from include.core.campaign_file import campaign_names, load_campaign
from include.core.errors import ConfigurationError, PublishError
from include.core.journey_file import journey_names, load_journey
from include.core.occurrence import PER_PERSON, occurrence_of
from include.core.pace import AccountPace
from include.core.paths import DataPaths
from include.publish import formats, snapshot
from include.warehouse.connection import fetch

PAGES = Path(__file__).with_name("pages")
WEEKS = 5
DAY = timedelta(days=1)
Volumes = Mapping[tuple[str, str], int]
"""People by kind and name: as in calendar_volumes.sql; of kind audience, by campaign, those of calendar_audience.sql."""
Basis = Literal["plans", "audience", "entries"]


class Expected(NamedTuple):
    """The people of a run; None if nothing is known.

    `basis` is what is known: its last plans, everybody in its segments, or who enters them in a day. From the last two,
    nobody is subtracted who may not be mailed, is capped or is held out.
    """

    people: int | None
    basis: Basis = "plans"


class Planned(NamedTuple):
    """The runs of one campaign on one day: the first at `at` (UTC), `local` in the campaign's time zone.

    `expected` is 0 if the occurrence is planned before.
    """

    campaign: Campaign
    at: datetime
    local: str
    runs: int
    expected: int | None
    basis: Basis = "plans"


class Steady(NamedTuple):
    """The mail of a journey, which goes out on every day: messages of a day and what they cost."""

    journey: str
    expected: int
    cost: float


@dataclass
class Day:
    """One day in UTC. `waiting` is what does not fit into the limit, with what earlier days left over; it goes on later."""

    day: date
    steady: Sequence[Steady] = ()
    planned: list[Planned] = field(default_factory=list)
    limit: int | None = None
    carried: int = 0

    @property
    def expected(self) -> int:
        """Messages of the runs and journeys of the day, as far as they are known."""
        return sum(run.expected or 0 for run in self.planned) + sum(each.expected for each in self.steady)

    @property
    def waiting(self) -> int:
        """Messages that are left for the next day."""
        return 0 if self.limit is None else max(0, self.carried + self.expected - self.limit)

    @property
    def cost(self) -> float:
        """What the mail of the day costs, at the campaigns' prices."""
        runs = sum((run.expected or 0) * run.campaign.cost_per_thousand / 1_000 for run in self.planned)
        return runs + sum(each.cost for each in self.steady)


def calendar_page(paths: DataPaths, pace: AccountPace | None, now: datetime) -> str:
    """The page from this week's Monday on. `pace` None: the account's limits could not be read."""
    campaigns, broken = _campaigns()
    known = volumes(paths, now, [campaign for campaign in campaigns if campaign.schedule])
    steady, silent, broken_journeys = steady_mail(known)
    days = plan_days(campaigns, known, pace or AccountPace(), now, steady)
    environment = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters.update(count=formats.count, decimal=formats.decimal)
    by_hand = [campaign for campaign in campaigns if not campaign.schedule]
    return environment.get_template("calendar.html.j2").render(
        days=days, today=now.astimezone(UTC).date(), by_hand=by_hand, broken=[*broken, *broken_journeys],
        steady=steady, silent=silent, has_limits=pace is not None,
        over=[day for day in days if day.waiting], cost=sum(day.cost for day in days),
        unknown=sorted({run.campaign.id for day in days for run in day.planned if run.expected is None}),
        style=(PAGES / "report.css").read_text() + (PAGES / "calendar.css").read_text(),
    )  # fmt: skip


def plan_days(
    campaigns: Iterable[Campaign], known: Volumes, pace: AccountPace, now: datetime, steady: Sequence[Steady] = ()
) -> list[Day]:
    """Five weeks of days with the runs of all campaigns after `now`, each day with what the days before it left over.

    Journeys go on from today.
    """
    first = now.astimezone(UTC).date()
    monday = first - first.weekday() * DAY
    days = {
        day: Day(day, steady if day >= first else (), limit=daily_limit(pace, day))
        for day in (monday + at * DAY for at in range(7 * WEEKS))
    }
    end = datetime.combine(monday + 7 * WEEKS * DAY, time(), UTC)
    for campaign in campaigns:
        planned = {
            name.partition(" ")[2] for kind, name in known if kind == "occurrence" and name.startswith(f"{campaign.id} ")
        }
        for day, runs in _runs(campaign, now, end).items():
            zone = ZoneInfo(campaign.time_zone)
            local = f"{runs[0].astimezone(zone):%H:%M} {campaign.time_zone}"
            expected = expected_people(campaign, known, runs, planned)
            planned.update(occurrence_of(campaign, at) for at in runs)
            days[day].planned.append(Planned(campaign, runs[0], local, len(runs), *expected))
    ordered, waiting = list(days.values()), 0
    for each in ordered:
        each.planned.sort(key=lambda run: (run.at, run.campaign.id))
        each.carried = waiting
        waiting = each.waiting
    return ordered


def daily_limit(pace: AccountPace, day: date) -> int | None:
    """The most messages of a day: the account's daily cap, and the warm-up's hourly one for 24 hours; None for no limit."""
    hourly = pace.hourly_cap(datetime.combine(day, time(12), UTC))
    limits = [limit for limit in (pace.daily_cap, None if hourly is None else 24 * hourly) if limit is not None]
    return min(limits) if limits else None


def expected_people(campaign: Campaign, known: Volumes, runs: Sequence[datetime], planned: Collection[str]) -> Expected:
    """The people of the runs of one day. `planned` are the occurrences that have a plan by then.

    By the campaign's last plans, else by the people in its segments. An occurrence is planned once, so that later runs of it
    add nobody. Of mail that an event triggers, the first plan had everybody who waited for it, and is no measure for the
    next: those are measured by the later ones, else by how many people enter the segment in a day.
    """
    new = {occurrence_of(campaign, at) for at in runs} - set(planned)
    if not new:
        return Expected(0)
    single = campaign.segments.single() or ""
    found = (
        [("later", campaign.id, "plans"), ("entered", single, "entries")]
        if campaign.occurrence in PER_PERSON and planned
        else [("campaign", campaign.id, "plans"), ("audience", campaign.id, "audience"), ("segment", single, "audience")]
    )
    for kind, name, basis in found:
        if (people := known.get((kind, name))) is not None:
            return Expected(people * len(new), cast("Basis", basis))
    return Expected(None)


def steady_mail(known: Volumes) -> tuple[list[Steady], list[str], list[str]]:
    """The journeys with mail of a day, the names of those of which nothing is known, and the errors of broken files."""
    found, silent, broken = list[Steady](), list[str](), list[str]()
    for name in journey_names():
        try:
            journey = load_journey(name)
        except ConfigurationError as error:
            broken.append(str(error))
            continue
        mails = [journey.campaign(step) for step in journey.steps if step.kind == "mail"]
        people = {mail.id: known.get(("journey", mail.id), 0) for mail in mails}
        cost = sum(people[mail.id] * mail.cost_per_thousand / 1_000 for mail in mails)
        if any(people.values()):
            found.append(Steady(journey.name, sum(people.values()), cost))
        elif mails:
            silent.append(journey.name)
    return found, silent, broken


def volumes(paths: DataPaths, now: datetime, campaigns: Iterable[Campaign] = ()) -> Volumes:
    """The expected people from the published file; nothing before the first publish.

    Of `campaigns` that combine segments and were never planned, the people of the combination.
    """
    try:
        build = snapshot.require_build(paths)
    except PublishError:
        return {}
    with snapshot.open_build(build) as connection:
        rows = fetch(connection, "publish", "calendar_volumes", {"as_of": now}).to_pylist()
        known = {(row["kind"], row["name"]): row["people"] for row in rows}
        return known | {
            ("audience", each.id): _audience(connection, each) for each in campaigns if _is_combined(each, known)
        }


def _is_combined(campaign: Campaign, known: Volumes) -> bool:
    """Whether the campaign has no plan, and combines segments that were all built."""
    names = [str(name) for name in campaign.segments.names()]
    return ("campaign", campaign.id) not in known and len(names) > 1 and all(("segment", name) in known for name in names)


def _audience(connection: duckdb.DuckDBPyConnection, campaign: Campaign) -> int:
    chosen = campaign.segments
    params = {"any_of": list(chosen.any), "all_of": list(chosen.all), "none_of": list(chosen.none)}
    return int(fetch(connection, "publish", "calendar_audience", params).to_pylist()[0]["people"])


def _campaigns() -> tuple[list[Campaign], list[str]]:
    """The campaigns, and the errors of files that have some."""
    found, broken = list[Campaign](), list[str]()
    for name in campaign_names():
        try:
            found.append(load_campaign(name))
        except ConfigurationError as error:
            broken.append(str(error))
    return found, broken


def _runs(campaign: Campaign, now: datetime, end: datetime) -> dict[date, list[datetime]]:
    """The runs of a campaign after `now` and before `end`, by day (UTC)."""
    found: dict[date, list[datetime]] = {}
    at = campaign.next_run(now)
    while at is not None and at < end:
        found.setdefault(at.date(), []).append(at)
        at = campaign.next_run(at)
    return found
