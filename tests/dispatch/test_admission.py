"""Admission of a chunk: entirely, partly, later, in another window, or never."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from include.core import clock
from include.core.arrival_hours import QuietHours, SendWindow
from include.core.campaign_fields import Pace
from include.core.errors import PaceHeld
from include.core.pace import AccountPace
from include.dispatch.plan_files import parse_selection
from include.dispatch.send.admission import MAX_WAIT_SECONDS, WINDOW_MARGIN_SECONDS, Admission
from include.ledger import shared_clock
from include.ledger.chunk import Chunk
from include.ledger.chunks import release
from include.ledger.database import Ledger
from include.ledger.pending import divide
from include.ledger.tables import allowances, chunks
from tests.campaign import CAMPAIGN
from tests.ledger.plan import chunk_of, claim, freeze, row, tally

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WINDOW = SendWindow(start=9, end=20)


@pytest.fixture(autouse=True)
def plan(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """One chunk of ten people, at noon."""
    freeze(ledger)
    monkeypatch.setattr(clock, "now", lambda: NOON)
    monkeypatch.setattr(shared_clock, "now", lambda _connection: NOON.timestamp())


def admission_for(account: AccountPace | None = None, **changes: Any) -> Admission:
    return Admission(CAMPAIGN.model_copy(update=changes), account or AccountPace())


def closing(ledger: Ledger, not_after: float, zone: str = "Europe/Berlin") -> Chunk:
    with ledger.write() as connection:
        connection.execute(update(chunks).values(not_after=not_after, zone=zone, send_at=1.0))
    return chunk_of(ledger)


def used(ledger: Ledger) -> list[int]:
    with ledger.read() as connection:
        return list(connection.scalars(select(allowances.c.used)))


def test_admission_is_free_without_pace_cap_and_window() -> None:
    assert admission_for().is_free
    assert not admission_for(pace=Pace(daily_cap=5)).is_free
    assert not admission_for(send_window=WINDOW).is_free
    assert not admission_for(AccountPace(daily_cap=5)).is_free


def test_whole_chunk_is_admitted_after_the_wait_of_the_rate(ledger: Ledger) -> None:
    paced = admission_for(pace=Pace(messages_per_second=1))
    assert paced.admit(ledger, chunk_of(ledger)) == (chunk_of(ledger), [], 0.0)
    assert paced.admit(ledger, chunk_of(ledger)) == (chunk_of(ledger), [], 10.0)


def test_chunk_is_divided_when_the_cap_admits_a_part(ledger: Ledger) -> None:
    with ledger.write() as connection:
        connection.execute(update(chunks).values(selection="0:1,2:3,4:5,6:9", recipients=6))
    first, rest, wait = admission_for(pace=Pace(daily_cap=4)).admit(ledger, chunk_of(ledger))
    assert first is not None
    assert (first.chunk, first.recipients, [each.recipients for each in rest], wait) == (1, 4, [2], 0.0)
    assert (row(ledger)["state"], row(ledger)["reason"]) == ("split", "divided: the pace allowed only a part")
    assert parse_selection(first.selection, 10) == [0, 2, 4, 6]
    assert parse_selection(rest[0].selection, 10) == [7, 8]


def test_chunk_is_held_without_using_the_cap_when_the_rate_wait_is_too_long(ledger: Ledger) -> None:
    slow = admission_for(pace=Pace(messages_per_second=10 / (MAX_WAIT_SECONDS + 1), daily_cap=100))
    assert slow.admit(ledger, chunk_of(ledger))[2] == 0.0
    with pytest.raises(PaceHeld, match="only later") as held:
        slow.admit(ledger, chunk_of(ledger))
    assert held.value.retry_after == pytest.approx(MAX_WAIT_SECONDS + 1)
    assert row(ledger)["reason"] == "held: the rate limit allows it only later"
    assert sorted(used(ledger)) == [0, 10]


def test_wait_within_the_limit_is_admitted(ledger: Ledger) -> None:
    paced = admission_for(pace=Pace(messages_per_second=10 / MAX_WAIT_SECONDS))
    assert [paced.admit(ledger, chunk_of(ledger))[2] for _ in range(2)] == [0.0, pytest.approx(MAX_WAIT_SECONDS)]


def test_unsent_messages_are_returned_to_the_cap(ledger: Ledger) -> None:
    capped = admission_for(pace=Pace(daily_cap=10))
    assert capped.admit(ledger, chunk_of(ledger))[0] is not None
    with pytest.raises(PaceHeld, match="campaign:spring:day") as held:
        capped.admit(ledger, chunk_of(ledger))
    assert held.value.retry_after == 12 * 3600
    capped.release(ledger, 10)
    assert capped.admit(ledger, chunk_of(ledger))[0] is not None


@pytest.mark.parametrize("left", [0.0, WINDOW_MARGIN_SECONDS, -5.0])
def test_chunk_is_skipped_when_its_window_closes_too_soon(ledger: Ledger, left: float) -> None:
    chunk = closing(ledger, NOON.timestamp() + left)
    assert admission_for(send_window=SendWindow(start=9, end=20, missed="skip")).admit(ledger, chunk) == (None, [], 0.0)
    assert (row(ledger)["state"], row(ledger)["reason"]) == ("skipped", "missed its send window")
    assert tally(ledger).skipped == 10


def test_skipped_chunk_does_not_use_the_cap(ledger: Ledger) -> None:
    """The cap has less left than the chunk has people: a skipped chunk must not be divided either."""
    capped = admission_for(send_window=SendWindow(start=9, end=20, missed="skip"), pace=Pace(daily_cap=4))
    assert capped.admit(ledger, closing(ledger, NOON.timestamp())) == (None, [], 0.0)
    assert used(ledger) == []


def test_chunk_taken_by_another_process_is_not_admitted(ledger: Ledger) -> None:
    chunk, capped = chunk_of(ledger), admission_for(pace=Pace(daily_cap=4))
    taken = claim(ledger)
    assert capped.admit(ledger, chunk) == (None, [], 0.0)
    assert used(ledger) == [0]
    release(ledger, taken, 429, "later")
    assert divide(ledger, chunk, lambda _: [("0:5", 5), ("5:10", 5)], "by another")
    admitted, again, _ = capped.admit(ledger, chunk)
    assert (admitted, [part.recipients for part in again]) == (None, [5, 5])
    assert used(ledger) == [0]


@pytest.mark.parametrize("closes", [NOON.timestamp() + WINDOW_MARGIN_SECONDS + 1, None])
def test_chunk_is_admitted_in_an_open_window(ledger: Ledger, closes: float | None) -> None:
    chunk = closing(ledger, closes) if closes else chunk_of(ledger)
    assert admission_for(send_window=WINDOW).admit(ledger, chunk) == (chunk, [], 0.0)


def test_window_end_is_ignored_without_a_send_window(ledger: Ledger) -> None:
    chunk = closing(ledger, NOON.timestamp() - 1)
    assert admission_for().admit(ledger, chunk) == (chunk, [], 0.0)


@pytest.mark.parametrize(
    ("zone", "hours", "opens", "closes"),
    [
        ("Europe/Berlin", (14, 20), datetime(2026, 11, 24, 13, tzinfo=UTC), datetime(2026, 11, 24, 19, tzinfo=UTC)),
        ("Asia/Tokyo", (9, 20), datetime(2026, 11, 25, 0, tzinfo=UTC), datetime(2026, 11, 25, 11, tzinfo=UTC)),
        ("Europe/Berlin", (9, 20), None, datetime(2026, 11, 24, 19, tzinfo=UTC)),
    ],
)
def test_missed_chunk_moves_to_the_next_window_of_its_time_zone(
    ledger: Ledger, zone: str, hours: tuple[int, int], opens: datetime | None, closes: datetime
) -> None:
    chunk = closing(ledger, NOON.timestamp(), zone)
    window = SendWindow(start=hours[0], end=hours[1], missed="next_day")
    admitted, again, wait = admission_for(send_window=window).admit(ledger, chunk)
    assert (admitted, wait) == (None, 0.0)
    (moved,) = again
    assert moved.chunk == 0
    assert moved.send_at == (opens.timestamp() if opens else None)
    assert moved.not_after == closes.timestamp()


def test_divided_part_that_missed_its_window_moves_alone(ledger: Ledger) -> None:
    assert divide(ledger, chunk_of(ledger), lambda _: [("0-4", 5), ("5-9", 5)], "half of it")
    closing(ledger, NOON.timestamp())
    _, again, _ = admission_for(send_window=SendWindow(start=14, end=20, missed="next_day")).admit(
        ledger, chunk_of(ledger, 1)
    )
    assert [moved.chunk for moved in again] == [1]


def test_quiet_hours_within_a_window_move_mail_to_the_rest_of_the_window(ledger: Ledger) -> None:
    """The window of the day is not missed before it ends."""
    window, noon = SendWindow(start=9, end=20, missed="skip"), QuietHours(start=13, end=15)
    chunk = closing(ledger, NOON.timestamp())
    _, (again,), _ = admission_for(send_window=window, quiet_hours=noon).admit(ledger, chunk)
    assert again.send_at == NOON.timestamp() + 2 * 3600
