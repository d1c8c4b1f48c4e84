"""Ranges of a plan's chunks for mapped tasks, and a task that is terminated."""

from __future__ import annotations

import os
import signal

import pytest
from sqlalchemy import update

from include.core.arrival_hours import ArrivalHours
from include.core.errors import EspUnavailable
from include.dispatch.send import sender
from include.dispatch.send.sender import ranges
from include.dispatch.send_window import send_times
from include.ledger.stores import Stores
from include.ledger.tables import chunks
from tests.dispatch.scripted_esp import Reply, ScriptedEsp, accepted
from tests.dispatch.sending import Sending
from tests.dispatch.test_send_window import utc


def test_ranges_cover_every_chunk_once_within_the_limit(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id = Sending(stores, people=21, chunk_size=1).plan_id
    monkeypatch.setattr(sender, "CHUNKS_PER_RANGE", 10)
    assert ranges(stores.ledger, plan_id) == [
        {"plan_id": plan_id, "first": first, "last": last} for first, last in ((0, 9), (10, 19), (20, 20))
    ]
    monkeypatch.setattr(sender, "MAX_RANGES", 2)
    assert [(found["first"], found["last"]) for found in ranges(stores.ledger, plan_id)] == [(0, 10), (11, 20)]
    assert ranges(stores.ledger, "another") == []


def test_ranges_exist_only_for_pending_or_sending_chunks(stores: Stores) -> None:
    plan_id = Sending(stores, people=30, chunk_size=10).plan_id
    for states, last in ((("accepted", "sending", "in_doubt"), 1), (("pending", "split", "skipped"), 0)):
        with stores.ledger.write() as connection:
            for chunk, state in enumerate(states):
                connection.execute(update(chunks).where(chunks.c.chunk == chunk).values(state=state))
        assert [(found["first"], found["last"]) for found in ranges(stores.ledger, plan_id)] == [(0, last)]
    with stores.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.chunk == 0).values(state="accepted"))
    assert ranges(stores.ledger, plan_id) == []


def test_terminated_task_finishes_its_open_requests(stores: Stores, esp: ScriptedEsp) -> None:
    sending = Sending(stores, people=40, chunk_size=1)

    def terminate(number: int, _body: object) -> Reply:
        if number == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return accepted()

    esp.answer = terminate
    with pytest.raises(EspUnavailable, match="was terminated") as ended:
        sending.send(esp)
    assert ended.value.retryable
    tally = sending.tally()
    assert (tally.in_doubt, tally.accepted, tally.accepted + tally.pending) == (0, len(esp.taken), 40)
    assert tally.pending > 0
    assert sending.send(esp)["accepted"] == tally.pending
    assert set(esp.taken.values()) == {1}


def test_send_times_of_each_time_zone() -> None:
    windows = {"a": ArrivalHours(((9, 20),))}
    rows = send_times(windows, [("Asia/Kolkata", -1), ("Europe/Berlin", -1)], utc(2026, 11, 24, 8, 30)).to_pylist()
    assert rows == [
        {
            "variant": "a",
            "zone": "Asia/Kolkata",
            "own_hour": -1,
            "send_at": None,
            "not_after": utc(2026, 11, 24, 14, 30).timestamp(),
        },
        {
            "variant": "a",
            "zone": "Europe/Berlin",
            "own_hour": -1,
            "send_at": None,
            "not_after": utc(2026, 11, 24, 19).timestamp(),
        },
    ]
    (later,) = send_times(windows, [("Europe/Berlin", -1)], utc(2026, 11, 24, 6)).to_pylist()
    assert later["send_at"] == utc(2026, 11, 24, 8).timestamp()
    empty = send_times(windows, [], utc(2026, 11, 24, 6))
    assert [str(kind) for kind in empty.schema.types] == ["string", "string", "int32", "double", "double"]
