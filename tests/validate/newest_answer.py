"""A model of consent in plain Python over the full history of answers (ADR 79).

Two functions: `certainly_no` for people who must not be mailed, and `certainly_yes` for people who must be. They are
independent of how the warehouse stores the answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
IDS = ("S1", "S2", "S3")
EMAILS = ("a@e.org", "b@e.org", "b+tag@e.org")
YES, NO = "subscribed", ("unsubscribed", "opted_out", "Deleted")


def day(number: int) -> datetime:
    return FIRST_DAY + timedelta(days=number)


@dataclass(frozen=True)
class Said:
    """One source row. Times are days before the day on which it lands; -3 is in the future, None is unreadable."""

    who: str | None
    email: str | None
    status: str | None
    changed: int | None
    consented: int | None
    zone: str
    tracked: str | None


@dataclass(frozen=True)
class Pass:
    """One pass of ingest."""

    rows: tuple[Said, ...]
    full: bool
    stopped: bool


@dataclass(frozen=True)
class Answer:
    """An answer of a person outside the source: leave, complain, confirm, resubscribe."""

    what: str
    email: str
    days_later: int = 1
    """0: at the same time as the previous event."""


SAID = st.builds(
    Said,
    who=st.sampled_from((*IDS, *IDS, None)),
    email=st.sampled_from((*EMAILS, *EMAILS, None)),
    status=st.sampled_from((YES, YES, YES, YES, *NO, "pending", "aktiv", None)),
    changed=st.sampled_from((0, 0, 1, 2, 3, 5, 8, -3, None)),
    consented=st.sampled_from((0, 0, 1, 2, 3, 5, 8, None)),
    zone=st.sampled_from(("UTC", "UTC", "UTC", "UTC", "Mars")),
    tracked=st.sampled_from(("true", "true", "withdrawn", None)),
)
PASS = st.builds(
    Pass,
    rows=st.lists(SAID, min_size=1, max_size=3).map(tuple),
    full=st.booleans(),
    stopped=st.sampled_from((False, False, False, True)),
)
ANSWER = st.builds(
    Answer, what=st.sampled_from(("leave", "complain", "confirm")), email=st.sampled_from(EMAILS),
    days_later=st.sampled_from((0, 1)),
) | st.builds(Answer, what=st.just("resubscribe"), email=st.sampled_from(EMAILS))  # fmt: skip
"""The page that confirms an unsubscribe offers to resubscribe, so the order is known and ties cannot occur."""


@dataclass
class History:
    """All events by day, and every address that each id ever had."""

    passes: list[tuple[int, Pass]] = field(default_factory=list)
    answers: list[tuple[int, Answer]] = field(default_factory=list)
    had: dict[str, set[str]] = field(default_factory=dict)

    def about(self, who: str) -> Iterator[tuple[int, Said, Pass]]:
        """Rows with the id, or an address that it ever had, and the day on which they landed."""
        for today, batch in self.passes:
            for row in batch.rows:
                if row.who == who or row.email in self.had.get(who, ()):
                    yield today, row, batch

    def newest(self, who: str, *what: str) -> int:
        """The day of the newest of these answers under any address of the id; -1 if there is none."""
        mine = [today for today, each in self.answers if each.what in what and each.email in self.had.get(who, ())]
        return max(mine, default=-1)

    def own(self, who: str) -> list[tuple[int, Said, Pass]]:
        return [(today, row, batch) for today, row, batch in self.about(who) if row.who == who]


def is_good(row: Said) -> bool:
    """Whether the row is valid. A subscriber needs consent, and updated_at must be readable and not in the future."""
    is_proved = row.consented is not None or row.status != YES
    known = row.status == "pending" or row.status == YES or row.status in NO
    reads = row.changed is not None and row.changed >= 0
    return bool(row.who and row.email and known and is_proved and reads and row.zone == "UTC")


def certainly_no(history: History, who: str) -> str | None:
    """Why this id must not be mailed; None if these rules do not decide."""
    yes = history.newest(who, "confirm", "resubscribe")
    if history.newest(who, "leave", "complain") >= max(yes, 0):
        return "left and did not confirm since"
    mine = history.own(who)
    consents = [today - row.consented for today, row, _ in mine if row.status == YES and row.consented is not None]
    newest_yes = max([yes, *consents], default=-1)
    clocks = [(today, row.changed) for today, row, _ in history.about(who) if row.status in NO]
    refused = [today - changed for today, changed in clocks if changed is not None and changed >= 0]
    if refused and max(refused) >= newest_yes:
        return "refused after every yes, or in the same moment"
    last = max((today for today, _, _ in mine), default=-1)
    latest = [(row, batch) for today, row, batch in mine if today == last]
    if any(_suppresses(row, batch, [other for other, _ in latest]) for row, batch in latest):
        return "its newest row cannot be read as a yes"
    before = max((today for today, _, _ in mine if today < last), default=-1)
    repeats = any(row.status in NO for today, row, _ in mine if today == before)
    if latest and all(row.status in NO for row, _ in latest) and yes <= last and not repeats:
        return "the newest word of the source is a no"
    return None


def _suppresses(row: Said, batch: Pass, beside: list[Said]) -> bool:
    """Whether the row suppresses its person: the batch has no newer good row. If stopped, only rows without consent do."""
    if is_good(row) or row.status in NO:
        return False
    if batch.stopped and row.status in (YES, "pending") and row.email and (row.consented is not None or row.status != YES):
        return False
    newer = [other for other in beside if is_good(other) and row.changed is not None and _age(other) < row.changed]
    return not newer


def _age(row: Said) -> int:
    return 10**6 if row.changed is None else row.changed


def certainly_yes(history: History, who: str, today: int) -> bool:
    """Whether this id must be mailed: its newest row is good, and its consent is newer than every refusal."""
    mine = history.own(who)
    landed = max((at for at, _, _ in mine), default=-1)
    latest = [(row, batch) for at, row, batch in mine if at == landed]
    if len(latest) != 1 or not is_good(latest[0][0]) or latest[0][0].status != YES or latest[0][1].stopped:
        return False
    row = latest[0][0]
    changed, given = landed - (row.changed or 0), landed - (row.consented or 0)
    if any(at != landed and (each.changed is None or at - each.changed >= changed) for at, each, _ in mine):
        return False  # not the newest version
    everybody = [(at, each) for at, each, _ in history.about(who)]
    everybody += [(at, each) for at, one in history.passes for each in one.rows if each.email == row.email]
    confirmed = history.newest(who, "confirm", "resubscribe")
    newest_yes = max(given, confirmed)
    if any(at >= newest_yes or at - (each.changed or 0) >= newest_yes for at, each in everybody if each.status in NO):
        return False
    if any(each.who != who and each.status not in NO for _, each in everybody if each.email == row.email):
        return False  # somebody else may hold the address
    gone = [at for at, one in history.passes if one.full and not one.stopped and at > landed]
    addresses = {*history.had.get(who, ()), row.email}
    left = [at for at, each in history.answers if each.what in ("leave", "complain") and each.email in addresses]
    return not gone and max(left, default=-1) < max(confirmed, 0)
