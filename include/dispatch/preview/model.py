"""What a preview shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.core.campaign import Campaign
from include.core.errors import TradewindError
from include.core.finding import Finding, Severity


@dataclass(frozen=True)
class Choice:
    """What to show: a subscriber id, a locale, a variant. None shows several of each."""

    person: str | None = None
    locale: str | None = None
    variant: str | None = None


@dataclass(frozen=True)
class Problem:
    """A finding in a file, or what kept the preview from the people; `where` is file and line as far as they are known."""

    severity: Severity
    what: str
    where: str = ""
    remedy: str = ""

    @classmethod
    def of(cls, found: TradewindError | Finding) -> Problem:
        if isinstance(found, Finding):
            return cls(
                found.severity, found.what, f"{found.path.parent.name}/{found.path.name}, line {found.line}", found.remedy
            )
        return cls("error", found.what, found.where, found.remedy)


@dataclass(frozen=True)
class Mail:
    """The mail of one person. `shown_as` says why this person was chosen; `language` and `variant` are words.

    `html` contains its images, for a page that reaches no other; `html_bytes` is the size of the HTML that is sent.
    """

    shown_as: str
    language: str
    variant: str
    sender: str
    subject: str
    preheader: str
    html: str
    text: str
    html_bytes: int


@dataclass(frozen=True)
class Row:
    """A number of people, with its label."""

    label: str
    people: int


@dataclass(frozen=True)
class Sum:
    """People at the start, those who are subtracted, and what remains."""

    start: Row
    less: Sequence[Row]
    rest: Row


@dataclass(frozen=True)
class LiveRun:
    """What a live run now would do: `notes` in words, and the subtraction; None if the occurrence is planned already."""

    notes: Sequence[str]
    people: Sum | None


@dataclass(frozen=True)
class Arrival:
    """People of one time zone, and when their mail is due in it."""

    zone: str
    local: datetime
    people: int


@dataclass(frozen=True)
class Schedule:
    """When the mail would arrive if it were due at `due`, what it costs, and how long sending takes (None: over 60 days).

    `local_hours` has the people per hour of their own day, 0 to 23; `limit` names what makes sending slow, '' if nothing.
    """

    due: datetime
    is_scheduled: bool
    arrivals: Sequence[Arrival]
    local_hours: Sequence[int]
    cost: float
    duration: timedelta | None
    limit: str


@dataclass(frozen=True)
class Preview:
    """A campaign (None: its file has an error) with its mails and audience, and its problems.

    `people_from` says where the people come from. `as_if_due` and `live` are None without a warehouse. `approval` is what an
    approval of it means, in words; empty where nobody is asked.
    """

    name: str
    made_at: datetime
    campaign: Campaign | None = None
    occurrence: str = ""
    people_from: str = ""
    problems: Sequence[Problem] = ()
    mails: Sequence[Mail] = ()
    as_if_due: Sum | None = None
    live: LiveRun | None = None
    schedule: Schedule | None = None
    approval: str = ""
