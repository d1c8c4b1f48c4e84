"""The policies for messages in doubt: skip, resend after 24 hours without events, or ask the operator."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from include.core.campaign import Campaign
from include.core.errors import TradewindError
from include.core.paths import DataPaths
from include.dispatch.account import in_doubt, record
from include.dispatch.send.sender import send_range
from include.ledger import counts, doubt, plans
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import chunks
from include.ledger.tables import chunks as chunks_table
from include.warehouse.connection import open_warehouse
from tests.campaign import CAMPAIGN
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import ScriptedEsp, accepted

DAY = 24 * 3600
BATCHES = """
insert into engagement.spool_files by name
select
    i::varchar as name, now() + to_minutes(60 * i) as received_at, now() as loaded_at,
    0 as events, 0 as new_events, 0 as duplicates, 0 as quarantined
from range(1, $hours + 1) as t(i)
"""


def sent_with_one_doubt(stores: Stores, esp: ScriptedEsp, on_doubt: str) -> tuple[str, list[str]]:
    """A plan of 30 people, 10 of them in doubt; returns its id and the message keys in doubt."""
    campaign = Campaign.model_validate({**CAMPAIGN.model_dump(), "on_doubt": on_doubt})
    plan_id = frozen_plan(stores, 30, chunk_size=10, campaign=campaign)
    esp.answer = lambda number, _body: "refuse" if number == 1 else accepted()
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=2)
    esp.answer = lambda _number, _body: accepted()
    return plan_id, [person["custom_args"]["tw_key"] for person in esp.bodies[1]["personalizations"]]


def tally(ledger: Ledger, plan_id: str) -> counts.Tally:
    with ledger.read() as connection:
        return counts.require_conservation(connection, plan_id)


def proof(ledger: Ledger, key: str) -> int:
    (chunk,) = doubt.in_doubt_chunks(ledger)
    return doubt.prove(ledger, [doubt.Proof(chunk.plan_id, chunk.chunk, 1, key, "delivered", happened_at=1.0)])


def test_skip_policy_leaves_messages_in_doubt(stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id, _ = sent_with_one_doubt(stores, esp, "skip")
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(9 * DAY))
    assert in_doubt.reopen_due(stores) == []
    assert in_doubt.awaiting_decision(stores.ledger, plan_id) == 0
    assert tally(stores.ledger, plan_id).in_doubt == 10


@pytest.mark.parametrize(("hours", "offset", "resent"), [(24, 25 * 3600, 9), (30, 23 * 3600, 0), (23, 25 * 3600, 0)])
def test_messages_without_events_are_resent_after_24_healthy_hours(
    stores: Stores,
    esp: ScriptedEsp,
    monkeypatch: pytest.MonkeyPatch,
    hours: int,
    offset: int,
    resent: int,
) -> None:
    plan_id, keys = sent_with_one_doubt(stores, esp, "resend_after_24h")
    assert proof(stores.ledger, keys[0]) == 1
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(BATCHES, {"hours": hours})
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(offset))
    before = len(esp.bodies)
    due = in_doubt.reopen_due(stores)
    assert [entry["occurrence"] for entry in due] == (["once"] if resent else [])
    assert tally(stores.ledger, plan_id).pending == resent
    if resent:
        assert send_range(stores, esp.account, plan_id=plan_id, first=0, last=2)["accepted"] == 9
        again = [person["custom_args"] for body in esp.bodies[before:] for person in body["personalizations"]]
        assert {args["tw_key"]: args["tw_try"] for args in again} == dict.fromkeys(keys[1:], "2")
        assert tally(stores.ledger, plan_id).accepted == 30
        record.record_sends(stores)
        with open_warehouse(stores.paths) as warehouse:
            states = warehouse.execute("select state, count(*) from dispatch.sends group by all").fetchall()
        assert states == [("accepted", 30)]


def test_operator_reopens_only_messages_without_evidence(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id, keys = sent_with_one_doubt(stores, esp, "ask")
    assert in_doubt.awaiting_decision(stores.ledger, plan_id) == 10
    proof(stores.ledger, keys[3])
    assert in_doubt.awaiting_decision(stores.ledger, plan_id) == 9
    assert in_doubt.reopen(stores, plan_id, decision="approved by an operator") == {"reopened": 9}
    assert in_doubt.reopen(stores, plan_id, decision="approved by an operator") == {"reopened": 0}
    assert (tally(stores.ledger, plan_id).pending, tally(stores.ledger, plan_id).accepted) == (9, 21)
    late = doubt.Proof(plan_id=plan_id, chunk=1, attempt=1, message_key=keys[4], evidence="delivered", happened_at=1.0)
    assert doubt.prove(stores.ledger, [late]) == 0


def test_reopen_records_the_decision_and_resumes_a_finished_plan(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id, _ = sent_with_one_doubt(stores, esp, "ask")
    with stores.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.chunk.in_((0, 2))).values(state="in_doubt"))
    plans.change_state(stores.ledger, plan_id, "done", from_states=("sending",))
    assert in_doubt.awaiting_decision(stores.ledger, plan_id) == 30
    assert in_doubt.reopen(stores, plan_id, decision="approved by an operator") == {"reopened": 30}
    with stores.ledger.read() as connection:
        assert plans.state_of(connection, plan_id) == ("sending", None)
        reasons = connection.scalars(select(chunks.c.reason).where(chunks.c.state == "split")).all()
    assert set(reasons) == {"resent: approved by an operator"}
    taken = esp.taken.copy()
    assert send_range(stores, esp.account, plan_id=plan_id, first=0, last=2)["accepted"] == 30
    assert all(esp.taken[key] == taken[key] + 1 for key in esp.taken)


def test_fully_proved_chunk_is_not_reopened(stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last evidence arrives between the question and the decision."""
    plan_id, keys = sent_with_one_doubt(stores, esp, "ask")
    found = doubt.in_doubt_chunks(stores.ledger)
    for key in keys:
        proof(stores.ledger, key)
    monkeypatch.setattr(doubt, "in_doubt_chunks", lambda _ledger: found)
    assert in_doubt.reopen(stores, plan_id, decision="approved") == {"reopened": 0}
    assert tally(stores.ledger, plan_id).accepted == 30


def test_question_about_an_unknown_plan_is_an_error(paths: DataPaths, ledger: Ledger) -> None:
    with pytest.raises(TradewindError, match="never frozen"):
        in_doubt.awaiting_decision(ledger, "nothing")


def test_resend_delay_counts_from_the_last_request_of_the_plan(
    stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id, _ = sent_with_one_doubt(stores, esp, "resend_after_24h")
    (chunk,) = doubt.in_doubt_chunks(stores.ledger)
    posted = chunk.posted_at
    assert posted is not None
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(BATCHES, {"hours": 60})
    of_plan = chunks_table.c.plan_id == plan_id
    with stores.ledger.write() as connection:
        connection.execute(update(chunks_table).where(of_plan).values(state="in_doubt", posted_at=posted))
        first = chunks_table.c.chunk == 0
        connection.execute(update(chunks_table).where(of_plan, first).values(posted_at=posted + 20 * 3600))
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(25 * 3600))
    assert in_doubt.reopen_due(stores) == []
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(45 * 3600))
    assert [entry["plan_id"] for entry in in_doubt.reopen_due(stores)] == [plan_id]
