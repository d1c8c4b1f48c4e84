"""The sender against a real HTTP server: every row of the protocol's table."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from aiohttp import web
from sqlalchemy import select, update

from include.core import clock
from include.core.arrival_hours import SendWindow
from include.core.campaign_fields import Pace
from include.core.errors import CampaignStopped, ConservationBroken, EspUnavailable, PaceHeld, PlanError
from include.core.keys import address_key, message_key
from include.core.pace import AccountPace
from include.dispatch import control, journal
from include.dispatch.account.settle import settle
from include.dispatch.send import backoff
from include.dispatch.send.sender import ranges, send_range
from include.ledger import chunks, doubt, plans, suppressions
from include.ledger.plans import find_plan
from include.ledger.stores import Stores
from include.ledger.tables import chunks as chunks_table
from tests.campaign import CAMPAIGN
from tests.dispatch.frozen import email_of
from tests.dispatch.scripted_esp import Reply, ScriptedEsp, accepted, failed
from tests.dispatch.sending import Sending


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backoff lasts milliseconds."""
    monkeypatch.setattr(backoff, "FIRST_BACKOFF_SECONDS", 0.001)


@pytest.fixture
def sending(stores: Stores) -> Sending:
    return Sending(stores)


def test_everybody_is_sent_once_and_a_second_run_sends_nothing(sending: Sending, esp: ScriptedEsp) -> None:
    assert sending.send(esp) == {"requests": 10, "accepted": 100}
    assert ranges(sending.ledger, sending.plan_id) == []
    assert sending.send(esp) == {}
    assert settle(sending.ledger, sending.plan_id)["accepted"] == 100
    assert set(esp.taken.values()) == {1}
    assert len(esp.taken) == 100


def test_request_has_the_format_of_sendgrid(sending: Sending, esp: ScriptedEsp) -> None:
    sending.send(esp)
    expected = {"Authorization": "Bearer SG.test", "Content-Type": "application/json", "Accept": "application/json"}
    assert all(expected.items() <= headers.items() for headers in esp.headers)
    body = next(body for body in esp.bodies if body["personalizations"][0]["to"][0]["email"] == email_of(0))
    person = body["personalizations"][0]
    assert person["custom_args"] == {
        "tw_key": message_key("spring", "once", "0"),
        "tw_try": "1",
        "tw_chunk": f"{sending.plan_id}.0",
    }
    assert person["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert person["headers"]["List-Unsubscribe"] == f"<{person['substitutions']['-tw1-']}>"
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert all(len(person["to"]) == 1 for person in body["personalizations"])
    assert body["tracking_settings"]["subscription_tracking"] == {"enable": False}


def test_messages_in_doubt_are_never_resent(sending: Sending, esp: ScriptedEsp) -> None:
    esp.answer = lambda number, _body: "drop" if number == 3 else failed(500) if number == 5 else accepted()
    sent = sending.send(esp)
    assert sent["accepted"] + sent["in_doubt"] == 100
    assert 11 <= sent["in_doubt"] <= 20, "after a doubt one small request goes alone"
    esp.answer = lambda _number, _body: accepted()
    assert sending.send(esp) == {}
    assert sending.tally().in_doubt == sent["in_doubt"]
    assert set(esp.taken.values()) == {1}


def test_evidence_ends_doubt_per_message(sending: Sending, esp: ScriptedEsp) -> None:
    esp.answer = lambda number, _body: "drop" if number == 3 else accepted()
    sending.send(esp)
    (lost,) = doubt.in_doubt_chunks(sending.ledger)
    keys = [person["custom_args"]["tw_key"] for person in esp.bodies[3]["personalizations"]]
    plan_id, chunk = lost.plan_id, lost.chunk
    old = [doubt.Proof(plan_id, chunk, 7, keys[0], "delivered", happened_at=1.0)]
    assert doubt.prove(sending.ledger, old) == 0
    proofs = [doubt.Proof(plan_id, chunk, 1, key, "delivered", happened_at=1.0) for key in keys]
    assert doubt.prove(sending.ledger, proofs[:4]) == 4
    assert (sending.tally().accepted, sending.tally().in_doubt) == (94, 6)
    assert doubt.prove(sending.ledger, proofs) == 6
    assert (sending.tally().accepted, sending.tally().in_doubt) == (100, 0)
    assert doubt.in_doubt_chunks(sending.ledger) == []


@pytest.mark.parametrize("reset", [None, "0", "0.02", "epoch"])
def test_429_is_retried_and_everybody_is_sent_once(sending: Sending, esp: ScriptedEsp, reset: str | None) -> None:
    value = str(time.time() + 0.05) if reset == "epoch" else reset
    told = {"X-RateLimit-Reset": value} if value else None
    esp.answer = lambda number, _body: failed(429, headers=told) if number < 4 else accepted()
    assert sending.send(esp) == {"requests": 14, "accepted": 100}
    assert set(esp.taken.values()) == {1}


def test_refused_connection_leaves_everybody_pending(sending: Sending, esp: ScriptedEsp) -> None:
    esp.stop()
    with pytest.raises(EspUnavailable) as stopped:
        sending.send(esp)
    assert stopped.value.retryable
    assert sending.tally().pending == 100


def test_named_recipient_is_rejected_and_the_others_are_sent(sending: Sending, esp: ScriptedEsp) -> None:
    def answer(_number: int, body: dict[str, Any]) -> Reply:
        bad = [i for i, person in enumerate(body["personalizations"]) if person["to"][0]["email"] == email_of(37)]
        return failed(400, f"personalizations.{bad[0]}.to.0.email") if bad else accepted()

    esp.answer = answer
    assert sending.send(esp) == {"requests": 11, "accepted": 99, "rejected": 1}
    tries = {p["custom_args"]["tw_try"] for body in esp.bodies for p in body["personalizations"]}
    assert tries == {"1", "2"}
    assert (sending.tally().rejected, sending.tally().accepted) == (1, 99)


def test_unnamed_invalid_recipients_are_found_by_halving(stores: Stores, esp: ScriptedEsp) -> None:
    sending = Sending(stores, people=1_000, chunk_size=1_000)
    rejected_indexes = {email_of(371), email_of(372), email_of(990)}

    def answer(_number: int, body: dict[str, Any]) -> Reply:
        return failed(400) if {p["to"][0]["email"] for p in body["personalizations"]} & rejected_indexes else accepted()

    esp.answer = answer
    assert sending.send(esp)["accepted"] == 997
    assert sending.tally().rejected == 3
    assert set(esp.taken.values()) == {1}


def test_413_splits_the_chunk(sending: Sending, esp: ScriptedEsp) -> None:
    esp.answer = lambda _n, body: failed(413) if len(body["personalizations"]) > 4 else accepted()
    assert sending.send(esp)["accepted"] == 100
    assert set(esp.taken.values()) == {1}
    assert set(sending.states()) == {"split", "accepted"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (failed(401, message="Maximum credits exceeded"), "credits"),
        (failed(401, message="The provided authorization grant is invalid"), "API key"),
        (failed(403, "from"), "sender"),
    ],
)
def test_account_refusal_stops_the_campaign_and_keeps_the_rest_pending(
    sending: Sending, esp: ScriptedEsp, answer: web.Response, words: str
) -> None:
    status, body = answer.status, answer.body
    esp.answer = lambda number, _body: accepted() if number < 3 else web.Response(status=status, body=body)
    with pytest.raises(CampaignStopped, match=words):
        sending.send(esp)
    tally = sending.tally()
    assert (tally.accepted, tally.pending) == (30, 70)
    esp.answer = lambda _number, _body: accepted()
    with pytest.raises(CampaignStopped):
        sending.send(esp)
    assert control.pause(sending.ledger, "spring", "once")["state"] == "paused"
    control.resume(sending.ledger, "spring", "once")
    assert sending.send(esp)["accepted"] == 70
    assert set(esp.taken.values()) == {1}


def test_invalid_content_stops_the_campaign(sending: Sending, esp: ScriptedEsp) -> None:
    esp.answer = lambda _n, _b: failed(400, "content.0.value")
    with pytest.raises(CampaignStopped, match="content"):
        sending.send(esp)
    assert len(esp.bodies) <= 4
    assert sending.tally().accepted == 0


def test_claim_skips_people_suppressed_after_planning(sending: Sending, esp: ScriptedEsp) -> None:
    left = address_key(sending.secrets.address_key, email_of(42).upper())
    suppressions.suppress(sending.ledger, [suppressions.Suppression(left, "unsubscribe", "edge", 1.0)])
    assert sending.send(esp)["accepted"] == 99
    assert message_key("spring", "once", "42") not in esp.taken
    assert sending.tally().suppressed == 1


def test_fully_suppressed_chunk_is_not_sent(sending: Sending, esp: ScriptedEsp) -> None:
    keys = [address_key(sending.secrets.address_key, email_of(person)) for person in range(10)]
    suppressions.suppress(sending.ledger, [suppressions.Suppression(key, "unsubscribe", "edge", 1.0) for key in keys])
    assert sending.send(esp) == {"requests": 9, "accepted": 90}
    assert sending.tally().suppressed == 10


def test_paused_send_can_be_cancelled(sending: Sending, esp: ScriptedEsp) -> None:
    def pause_after_three(number: int, _body: object) -> Reply:
        if number == 2:
            control.pause(sending.ledger, "spring", "once")
        return accepted()

    esp.answer = pause_after_three
    with pytest.raises(CampaignStopped, match="paused"):
        sending.send(esp)
    paused = sending.tally()
    assert paused.pending > 0
    assert paused.accepted + paused.pending == 100
    cancelled = control.cancel(sending.ledger, "spring", "once")
    assert cancelled["skipped"] == paused.pending
    stopped = find_plan(sending.ledger, sending.plan_id)
    assert stopped is not None
    assert stopped.stop_reason == "cancelled by an operator"
    with sending.ledger.read() as connection:
        skipped = select(chunks_table.c.reason).where(chunks_table.c.state == "skipped")
        assert set(connection.scalars(skipped)) == {"cancelled by an operator"}
    assert settle(sending.ledger, sending.plan_id)["pending"] == 0
    assert ranges(sending.ledger, sending.plan_id) == []


def test_who_was_left_out_before_a_429_is_in_no_part_of_a_chunk_that_is_divided_afterwards(
    stores: Stores, esp: ScriptedEsp
) -> None:
    """The claim recorded their outcome; a part with them would count them twice, and could mail them."""
    sending = Sending(stores, people=10)
    left = address_key(sending.secrets.address_key, email_of(3))
    suppressions.suppress(sending.ledger, [suppressions.Suppression(left, "unsubscribe", "edge", 1.0)])
    usual, esp.answer = esp.answer, lambda _number, _body: failed(429, headers={"Retry-After": "0"})
    with pytest.raises(EspUnavailable):
        sending.send(esp)
    assert suppressions.lift(sending.ledger, left, "edge")
    esp.answer = usual
    with pytest.raises(PaceHeld):
        sending.send(esp, AccountPace(daily_cap=5))
    sending.send(esp)
    assert (sending.tally().suppressed, sending.tally().accepted) == (1, 9)
    assert message_key("spring", "once", "3") not in esp.taken


def test_damaged_plan_file_is_not_sent(sending: Sending, esp: ScriptedEsp) -> None:
    part = sending.paths.plans / "spring" / "once" / "part-0000.parquet"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(PlanError, match="not as it was frozen"):
        sending.send(esp)
    assert esp.bodies == []
    assert sending.tally().pending == 100


def test_restored_ledger_is_not_sent_from(sending: Sending, esp: ScriptedEsp) -> None:
    sending.send(esp)
    with sending.ledger.write() as connection:
        connection.execute(update(chunks_table).values(state="pending", fence=0, attempt=0))
    with pytest.raises(ConservationBroken, match="restored from a backup"):
        sending.send(esp)
    assert set(esp.taken.values()) == {1}


def test_torn_line_of_a_plans_journal_is_ignored(sending: Sending) -> None:
    folder = sending.paths.plans / "spring" / "once"
    (folder / journal.NAME).write_bytes(b"0 1\n3 2\n3 1\n12")
    assert journal.read_journal(folder) == {0: 1, 3: 2}


def test_open_intent_of_a_dead_process_is_in_doubt(sending: Sending, esp: ScriptedEsp) -> None:
    with sending.ledger.write() as connection:
        connection.execute(
            update(chunks_table)
            .where(chunks_table.c.chunk == 4)
            .values(state="sending", fence=1, lease_until=1.0, lease_owner="x")
        )
    assert sending.send(esp)["accepted"] == 90
    assert sending.tally().in_doubt == 10
    assert plans.find_plan(sending.ledger, sending.plan_id) is not None
    assert chunks.open_intents(sending.ledger, sending.plan_id) == 0


def test_daily_cap_holds_the_rest_with_a_reason(stores: Stores, esp: ScriptedEsp) -> None:
    campaign = CAMPAIGN.model_copy(update={"pace": Pace(daily_cap=34)})
    sending = Sending(stores, campaign=campaign)
    with pytest.raises(PaceHeld, match="campaign:spring:day") as held:
        sending.send(esp)
    assert held.value.retryable
    assert 0 < (held.value.retry_after or 0) <= 24 * 3600
    assert (sending.tally().accepted, sending.tally().pending) == (34, 66)
    assert sum(esp.taken.values()) == 34
    with stores.ledger.read() as connection:
        reasons = connection.scalars(select(chunks_table.c.reason).where(chunks_table.c.state == "pending")).all()
    assert set(reasons) == {"held: the limit campaign:spring:day:" + f"{clock.now():%Y-%m-%d} is used up"}


def test_warmup_limits_the_account_per_hour(sending: Sending, esp: ScriptedEsp) -> None:
    warming = AccountPace(warmup_started_on=clock.now().date())
    with pytest.raises(PaceHeld, match="account:warmup"):
        send_range(sending.stores, esp.account, plan_id=sending.plan_id, first=0, last=99, account_pace=warming)
    assert sum(esp.taken.values()) == 20


def test_throttled_requests_do_not_use_the_cap(stores: Stores, esp: ScriptedEsp) -> None:
    sending = Sending(stores, campaign=CAMPAIGN.model_copy(update={"pace": Pace(daily_cap=100)}))
    esp.answer = lambda number, _body: failed(429) if number < 6 else accepted()
    assert sending.send(esp)["accepted"] == 100


def test_rate_limits_the_speed_of_the_send(stores: Stores, esp: ScriptedEsp) -> None:
    fast = CAMPAIGN.model_copy(update={"pace": Pace(messages_per_second=200)})
    sending = Sending(stores, campaign=fast)
    started = clock.elapsed()
    assert sending.send(esp)["accepted"] == 100
    assert clock.elapsed() - started >= 0.4


@pytest.mark.parametrize(("missed", "expected"), [("skip", "skipped"), ("next_day", "accepted")])
def test_chunk_with_a_closed_window_is_skipped_or_moved(
    stores: Stores, esp: ScriptedEsp, missed: Literal["skip", "next_day"], expected: str
) -> None:
    hour = (clock.now().hour + 3) % 22
    window = SendWindow(start=hour, end=hour + 1, missed=missed)
    sending = Sending(stores, campaign=CAMPAIGN.model_copy(update={"send_window": window}))
    with stores.ledger.write() as connection:
        connection.execute(update(chunks_table).values(not_after=1.0, zone="UTC"))
    sending.send(esp)
    assert getattr(sending.tally(), expected) == 100
    for body in esp.bodies:
        assert datetime.fromtimestamp(body["send_at"], UTC).hour == hour
