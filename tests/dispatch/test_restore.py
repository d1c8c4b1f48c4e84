"""A ledger restored from a backup: sending is refused until the journal is replayed, and nobody is mailed twice."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import delete, insert, select, update

from include.collect.doubt import resolve_doubt
from include.core import clock
from include.core.campaign import Campaign
from include.core.errors import CampaignStopped, ConservationBroken, LedgerBehindJournal
from include.core.shop import PAUSE, PAUSE_SECONDS
from include.dispatch import control
from include.dispatch.account import record, restore
from include.dispatch.account.settle import settle
from include.dispatch.send.sender import Range, send_range
from include.ledger import consent, consent_journal, counts, opt_out_log, plans, suppressions
from include.ledger.consent import Consent
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import chunks, metadata
from include.warehouse.connection import open_warehouse
from tests.campaign import CAMPAIGN
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import ScriptedEsp, accepted

NOTHING = {"suppressions": 0, "lifted": 0, "declined": 0}
Backup = dict[str, list[dict[str, Any]]]
EVENTS = """
insert into engagement.events by name
select
    concat('e', message_key) as dedup_key, message_key, subscriber_id, campaign, occurrence, 'delivered' as event,
    concat(plan_id, '.999') as chunk, 7 as attempt, now() as occurred_at, now() as received_at, 'f' as spool_file
from (select * from dispatch.sends where list_contains($keys, message_key))
"""


def backup(ledger: Ledger) -> Backup:
    with ledger.read() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def restore_backup(ledger: Ledger, kept: Backup) -> None:
    with ledger.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        for table in metadata.sorted_tables:
            if kept[table.name]:
                connection.execute(insert(table), kept[table.name])


def tally(ledger: Ledger, plan_id: str) -> counts.Tally:
    with ledger.read() as connection:
        return counts.require_conservation(connection, plan_id)


def test_requests_since_the_backup_are_in_doubt_and_the_rest_waits_for_a_resume(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id = frozen_plan(stores, 40, chunk_size=10)
    everything: Range = {"plan_id": plan_id, "first": 0, "last": 3}
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    kept = backup(stores.ledger)
    send_range(stores, esp.account, plan_id=plan_id, first=1, last=2)
    restore_backup(stores.ledger, kept)
    with pytest.raises(LedgerBehindJournal):
        send_range(stores, esp.account, **everything)
    assert restore.restore_ledger(stores) == {**NOTHING, "plans": 1, "chunks_in_doubt": 2}
    people = tally(stores.ledger, plan_id)
    assert (people.accepted, people.in_doubt, people.pending) == (10, 20, 10)
    with pytest.raises(CampaignStopped, match="paused"):
        send_range(stores, esp.account, **everything)
    again = restore.restore_ledger(stores)
    assert (again["suppressions"], again.get("chunks_in_doubt")) == (0, 0)
    control.resume(stores.ledger, "spring", "once")
    assert send_range(stores, esp.account, **everything)["accepted"] == 10
    assert set(esp.taken.values()) == {1}
    assert len(esp.taken) == 40
    assert settle(stores.ledger, plan_id)["in_doubt"] == 20


def test_any_event_with_the_message_key_proves_a_lost_request(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id = frozen_plan(stores, 20, chunk_size=10)
    kept = backup(stores.ledger)
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    restore_backup(stores.ledger, kept)
    restore.restore_ledger(stores)
    keys = [person["custom_args"]["tw_key"] for person in esp.bodies[0]["personalizations"]]
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(EVENTS, {"keys": keys[:7]})
    assert resolve_doubt(stores)["proved"] == 7
    assert resolve_doubt(stores)["proved"] == 0
    record.record_sends(stores)
    people = tally(stores.ledger, plan_id)
    assert (people.accepted, people.in_doubt, people.pending) == (7, 3, 10)


def test_lost_split_puts_all_pending_chunks_in_doubt(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id = frozen_plan(stores, 30, chunk_size=10)
    kept = backup(stores.ledger)
    esp.answer = lambda number, _body: web.Response(status=413) if number == 0 else accepted()
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    sent = dict(esp.taken)
    restore_backup(stores.ledger, kept)
    assert restore.restore_ledger(stores)["chunks_in_doubt"] == 3
    assert tally(stores.ledger, plan_id).in_doubt == 30
    assert send_range(stores, esp.account, plan_id=plan_id, first=0, last=2) == {}
    assert esp.taken == sent
    record.record_sends(stores)
    with open_warehouse(stores.paths) as warehouse:
        states = warehouse.execute("select state, count(*) from dispatch.sends group by all").fetchall()
    assert states == [("in_doubt", 30)]


def test_lost_plan_is_cancelled_and_its_unsent_chunks_are_skipped(
    stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = backup(stores.ledger)
    plan_id = frozen_plan(stores, 30, chunk_size=10)
    send_range(stores, esp.account, plan_id=plan_id, first=1, last=1)
    restore_backup(stores.ledger, kept)
    eager = Campaign.model_validate({**CAMPAIGN.model_dump(), "on_doubt": "resend_after_24h"})
    monkeypatch.setattr(restore, "load_mail", lambda name: eager)
    found = restore.restore_ledger(stores)
    assert (found["plans_cancelled"], found["chunks_in_doubt"], found["chunks_skipped"]) == (1, 1, 2)
    plan = plans.find_plan(stores.ledger, plan_id)
    assert plan
    assert (plan.state, plan.campaign, plan.occurrence) == ("cancelled", "spring", "once")
    assert Campaign.model_validate_json(plan.settings).on_doubt == "skip"
    people = tally(stores.ledger, plan_id)
    assert (people.selected, people.in_doubt, people.skipped) == (30, 10, 20)
    assert send_range(stores, esp.account, plan_id=plan_id, first=0, last=2) == {}
    assert len(esp.taken) == 10
    assert restore.restore_ledger(stores).get("plans_cancelled") is None


def test_opt_outs_since_the_backup_are_restored(stores: Stores) -> None:
    into_answers = "insert into core.consent_answers (address_key, topic, given)"
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(
            "insert into core.suppressions (address_key, reason) values ('k1', 'unsubscribe'), ('k2', 'spam_complaint')"
        )
        warehouse.execute(into_answers + " values ('k3', 'tracking', false), ('k4', 'tracking', true)")
        warehouse.execute(into_answers + " values ('k3', 'a_topic_removed_since', false)")
    opt_out_log.append(stores.paths, "suppress", suppressions.Suppression("k5", "unsubscribe", "one_click", 1.0))
    opt_out_log.append(stores.paths, "suppress", suppressions.Suppression("k1", "unsubscribe", "one_click", 1.0))
    found = restore.restore_ledger(stores)
    assert (found["suppressions"], found["declined"]) == (3, 2)
    assert suppressions.reasons_in_force(stores.ledger, "k5")
    assert suppressions.reasons_in_force(stores.ledger, "k1")
    assert suppressions.reasons_in_force(stores.ledger, "k2")
    assert consent.of_person(stores.ledger, "k3") == {"tracking": False, "a_topic_removed_since": False}
    assert consent.of_person(stores.ledger, "k4") == {}
    assert restore.restore_ledger(stores) == NOTHING


def test_preferences_since_the_backup_are_restored_and_older_refusals_do_not_override_them(stores: Stores) -> None:
    def said(topic: str, given: bool, at: float) -> Consent:
        return Consent("k1", topic, given, "preference_page", at)

    paused_at = clock.now().timestamp() - 60
    consent.record(stores.ledger, [said("news", False, 1.0), said("offers", True, 1.0)])
    kept = backup(stores.ledger)
    consent.record(stores.ledger, [said("news", True, 50.0), said("offers", False, 50.0), said(PAUSE, False, paused_at)])
    consent_journal.append_new(stores.paths, stores.ledger)
    restore_backup(stores.ledger, kept)
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(
            "insert into core.consent_answers (address_key, topic, given, happened_at) values "
            "('k1', 'news', false, to_timestamp(1)), ('k1', 'tracking', false, to_timestamp(1))"
        )
    assert restore.restore_ledger(stores) == {**NOTHING, "consent": 3, "declined": 1}
    answers = {"news": True, "offers": False, "tracking": False, PAUSE: False}
    assert consent.of_person(stores.ledger, "k1") == answers
    until = consent.paused_until(stores.ledger, "k1")
    assert until is not None
    assert until.timestamp() == pytest.approx(paused_at + PAUSE_SECONDS)
    assert restore.restore_ledger(stores) == NOTHING


def test_opt_out_that_was_lifted_after_the_backup_is_lifted_again(stores: Stores) -> None:
    def left(address: str, at: float) -> suppressions.Suppression:
        return suppressions.Suppression(address, "unsubscribe", "one_click", at)

    suppressions.suppress(stores.ledger, [left("k1", 1.0), left("k2", 9.0)])
    for address in ("k1", "k2", "k3"):
        opt_out_log.append(stores.paths, "suppress", left(address, 1.0))
        opt_out_log.append(stores.paths, "lift", left(address, 5.0))
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(
            "insert into core.suppressions (address_key, reason, happened_at) values "
            "('k3', 'unsubscribe', to_timestamp(1)), ('k3', 'manual', to_timestamp(1))"
        )
    assert restore.restore_ledger(stores) == {**NOTHING, "suppressions": 1, "lifted": 1}
    in_force = {key: suppressions.reasons_in_force(stores.ledger, key) for key in ("k1", "k2", "k3")}
    assert in_force == {"k1": set(), "k2": {"unsubscribe"}, "k3": {"manual"}}
    assert restore.restore_ledger(stores) == NOTHING


def test_journal_with_a_later_request_for_an_accepted_chunk_is_refused(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id = frozen_plan(stores, 20, chunk_size=10)
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=1)
    with stores.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.chunk == 1).values(fence=0))
    with pytest.raises(ConservationBroken, match="chunk 1 is accepted"):
        restore.restore_ledger(stores)


def test_resend_delay_counts_from_the_restore(stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id = frozen_plan(stores, 10, chunk_size=10)
    kept = backup(stores.ledger)
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    restore_backup(stores.ledger, kept)
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(90_000))
    restore.restore_ledger(stores)
    with stores.ledger.read() as connection:
        posted = connection.scalar(select(chunks.c.posted_at).where(chunks.c.plan_id == plan_id))
    assert posted is not None
    assert abs(posted - clock.now().timestamp()) < 60


def test_confirmations_since_the_backup_are_restored_from_the_consent_journal(stores: Stores) -> None:
    kept = backup(stores.ledger)
    confirmed = consent.Consent("c" * 64, consent.MARKETING, True, "double_opt_in", 5.0)
    consent.record(stores.ledger, [confirmed])
    consent_journal.append_new(stores.paths, stores.ledger)
    restore_backup(stores.ledger, kept)
    assert restore.restore_ledger(stores)["consent"] == 1
    with stores.ledger.read() as connection:
        assert consent.since(connection, 0, 0.0) == [confirmed]
    assert consent_journal.check(stores.paths, stores.ledger).require_intact().rows == 1
    assert "consent" not in restore.restore_ledger(stores)
