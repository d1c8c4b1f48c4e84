"""Replacing the content of a plan in mid-send: who is pending gets the new one, nobody else, and the sums hold."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from include.core.campaign_fields import Sender
from include.core.errors import CampaignRunning, ContentChanged, PlanError, StoppedByOperator, TradewindError
from include.dispatch import control
from include.dispatch.plan import correction
from include.dispatch.plan_files import NEXT_MANIFEST, settle_manifest
from include.dispatch.send import sender
from include.dispatch.send.chunk_sender import ChunkSender
from include.ledger import correction as correction_in_ledger
from include.ledger import counts, decisions, pending, plans
from include.ledger.chunk import Plan
from include.ledger.counts import Tally
from include.ledger.stores import Stores
from include.ledger.tables import chunks
from include.warehouse.connection import open_warehouse
from tests.dispatch.scripted_esp import ScriptedEsp, failed
from tests.dispatch.test_plan import EDGE, FILES, Shop, open_shop

WEEK = "2026-W48"
NEW_HTML = FILES["body.html.j2"].replace("Dear", "Hello").replace("<p>{{ postal", "<p>In {{ person.country }}: {{ postal")


def plan_of(shop: Shop) -> Plan:
    found = plans.find_plan(shop.stores.ledger, plans.plan_id_of("spring", WEEK))
    assert found is not None
    return found


def tally(shop: Shop) -> Tally:
    with shop.stores.ledger.read() as connection:
        return counts.require_conservation(connection, plan_of(shop).plan_id)


def send(shop: Shop, esp: ScriptedEsp, first: int = 0, last: int = 10_000) -> None:
    sender.send_range(shop.stores, esp.account, plan_id=plan_of(shop).plan_id, first=first, last=last)


def edit(shop: Shop, html: str = NEW_HTML) -> None:
    (shop.templates / "body.html.j2").write_text(html)


def correct(shop: Shop, **changes: Any) -> dict[str, Any]:
    campaign = shop.campaign.model_copy(update=changes)
    return correction.replace_content(shop.stores, campaign, occurrence=WEEK, edge_url=EDGE, by="anna", note="a typo")


def html_by_key(esp: ScriptedEsp) -> dict[str, str]:
    """The HTML that each person got."""
    found = {}
    for body in esp.bodies:
        html = next(part["value"] for part in body["content"] if part["type"] == "text/html")
        for person in body["personalizations"]:
            text = html
            for tag, value in person["substitutions"].items():
                text = text.replace(tag, value)
            found[person["custom_args"]["tw_key"]] = text
    return found


@pytest.fixture
def half_sent(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, esp: ScriptedEsp) -> Shop:
    """A plan whose first chunk is accepted and whose second is in doubt; the template was edited since."""
    shop = open_shop(stores, tmp_path, monkeypatch, people=200)
    shop.freeze(hold_out_percent=0)
    send(shop, esp, 0, 0)
    usual, esp.answer = esp.answer, lambda _number, _body: failed(500)
    with contextlib.suppress(TradewindError):
        send(shop, esp, 1, 1)
    esp.answer = usual
    assert tally(shop).in_doubt > 0
    edit(shop)
    return shop


def test_those_still_pending_get_the_corrected_content_and_nobody_else(half_sent: Shop, esp: ScriptedEsp) -> None:
    before, old = tally(half_sent), plan_of(half_sent).content_hash
    sent_before = html_by_key(esp)
    with pytest.raises(ContentChanged, match="replace_content"):
        half_sent.freeze(hold_out_percent=0)
    changed = correct(half_sent)
    assert tally(half_sent) == before
    assert half_sent.freeze(hold_out_percent=0)["pending"] == before.pending == changed["people"]
    esp.bodies.clear()
    send(half_sent, esp)
    after, got = tally(half_sent), html_by_key(esp)
    assert (after.pending, after.in_doubt, after.accepted) == (0, before.in_doubt, before.accepted + before.pending)
    assert all("Hello First" in html and "In " in html and "Dear" not in html for html in got.values())
    assert all("Dear" in html for html in sent_before.values())
    assert not set(got) & set(sent_before)
    assert max(esp.taken.values()) == 1
    assert (changed["old_hash"], changed["new_hash"]) == (old, plan_of(half_sent).content_hash)


def accepted_by_chunk(esp: ScriptedEsp) -> dict[str, str]:
    """The HTML that SendGrid got for each chunk."""
    return {
        person["custom_args"]["tw_chunk"].rpartition(".")[2]: body["content"][-1]["value"]
        for body in esp.bodies
        for person in body["personalizations"]
    }


def require_content_of_ledger(shop: Shop, esp: ScriptedEsp) -> None:
    """Each accepted chunk had the content that the ledger says; some had the corrected one, and nobody is pending."""
    with shop.stores.ledger.read() as connection:
        rows = connection.execute(select(chunks.c.chunk, chunks.c.content).where(chunks.c.state == "accepted")).all()
    said, sent = {str(number): ".r1." in content for number, content in rows}, accepted_by_chunk(esp)
    assert {number: "Hello" in sent[number] for number in said} == said
    assert any(said.values())
    assert tally(shop).pending == 0
    assert max(esp.taken.values()) == 1


def test_a_sender_that_waits_for_its_pace_meanwhile_sends_the_corrected_content(
    half_sent: Shop, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may notice neither the pause nor the correction, which can take less than a second together."""
    waited, corrected = ChunkSender._waited, list[dict[str, Any]]()

    async def waiting(self: ChunkSender, seconds: float) -> bool:
        if not corrected:
            corrected.append({})
            corrected.append(await asyncio.to_thread(correct, half_sent))
        return await waited(self, seconds)

    monkeypatch.setattr(ChunkSender, "_waited", waiting)
    monkeypatch.setattr(sender, "CONNECTIONS", 1)
    send(half_sent, esp)
    assert corrected[1]["people"] > 0
    require_content_of_ledger(half_sent, esp)


def test_a_chunk_that_is_queued_again_after_a_correction_has_its_content(
    half_sent: Shop, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, done = pending.pending_descendants, list[Any]()

    def corrected_first(*given: Any) -> Any:
        done.append(correct(half_sent) if not done else None)
        return read(*given)

    usual = esp.answer
    esp.answer = lambda number, body: usual(number, body) if done else failed(429)
    monkeypatch.setattr(pending, "pending_descendants", corrected_first)
    monkeypatch.setattr(sender, "CONNECTIONS", 1)
    send(half_sent, esp)
    assert done[0]["people"] > 0
    require_content_of_ledger(half_sent, esp)


def test_the_decision_is_kept_and_chunks_say_which_content_they_had(half_sent: Shop) -> None:
    correct(half_sent)
    pause, replaced = decisions.of_plan(half_sent.stores.ledger, plan_of(half_sent).plan_id)
    assert (pause.action, replaced.action, replaced.by, replaced.note) == ("pause", "replace_content", "anna", "a typo")
    assert replaced.details["new_hash"] == plan_of(half_sent).content_hash != replaced.details["old_hash"]
    with half_sent.stores.ledger.read() as connection:
        found = connection.execute(select(chunks.c.state, chunks.c.content)).all()
    assert {content for state, content in found if state != "pending"} & {"a.en.tracked", "a.en.untracked"}
    assert all(".r1." in content for state, content in found if state == "pending")
    assert not any(".r1." in content for state, content in found if state != "pending")


def test_sender_and_categories_of_the_corrected_campaign_are_used(half_sent: Shop, esp: ScriptedEsp) -> None:
    correct(half_sent, sender=Sender(email="hello@shop.example.com", name="Shop"))
    esp.bodies.clear()
    send(half_sent, esp)
    assert {body["from"]["email"] for body in esp.bodies} == {"hello@shop.example.com"}


def test_content_can_be_replaced_again(half_sent: Shop, esp: ScriptedEsp) -> None:
    correct(half_sent)
    edit(half_sent, NEW_HTML.replace("Hello", "Good day"))
    assert correct(half_sent)["revision"] == 2
    esp.bodies.clear()
    send(half_sent, esp)
    assert all("Good day" in html for html in html_by_key(esp).values())
    assert tally(half_sent).pending == 0


def test_who_left_the_warehouse_is_skipped_and_counted(half_sent: Shop, esp: ScriptedEsp) -> None:
    with open_warehouse(half_sent.stores.paths) as warehouse:
        warehouse.execute(
            "delete from core.identities where subscriber_id in (select subscriber_id from core.identities limit 500)"
        )
    before = tally(half_sent)
    gone = correct(half_sent)["not_in_the_warehouse"]
    assert gone > 0
    assert (tally(half_sent).skipped, tally(half_sent).pending) == (gone, before.pending - gone)
    send(half_sent, esp)
    assert (tally(half_sent).skipped, tally(half_sent).accepted) == (gone, before.accepted + before.pending - gone)


@pytest.mark.parametrize("step", ["_write", "_write_manifest", "correction.commit"])
def test_an_interrupted_decision_leaves_the_plan_paused_and_can_be_repeated(
    half_sent: Shop, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before, hash_before = tally(half_sent), plan_of(half_sent).content_hash

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"include.dispatch.plan.correction.{step}", killed)
        with pytest.raises(KeyboardInterrupt):
            correct(half_sent)
    assert (tally(half_sent), plan_of(half_sent).content_hash) == (before, hash_before)
    with pytest.raises(StoppedByOperator):
        send(half_sent, esp)
    correct(half_sent)
    send(half_sent, esp)
    assert tally(half_sent).pending == 0
    assert max(esp.taken.values()) == 1


def test_a_kill_after_the_commit_changes_nothing(half_sent: Shop, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = list[int]()

    def killed_at_the_end(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        settle_manifest(*args)

    with monkeypatch.context() as patched:
        patched.setattr(correction, "settle_manifest", killed_at_the_end)
        with pytest.raises(KeyboardInterrupt):
            correct(half_sent)
    assert (half_sent.stores.paths.root / plan_of(half_sent).folder / NEXT_MANIFEST).is_file()
    send(half_sent, esp)
    assert tally(half_sent).pending == 0
    assert all("Hello" in html for html in list(html_by_key(esp).values())[-100:])


def test_requests_under_way_end_first(half_sent: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correction, "WAIT_SECONDS", 0.0)
    with half_sent.stores.ledger.write() as connection:
        open_intent = {"state": "sending", "lease_owner": "elsewhere", "lease_until": 1e12}
        connection.execute(update(chunks).where(chunks.c.chunk == 2).values(**open_intent))
    with pytest.raises(CampaignRunning, match="under way"):
        correct(half_sent)
    assert plan_of(half_sent).state == "paused"


def test_a_resumed_plan_is_not_corrected_behind_its_back(half_sent: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = correction_in_ledger.commit

    def resumed_first(*args: Any, **options: Any) -> None:
        control.resume(half_sent.stores.ledger, "spring", WEEK)
        commit(*args, **options)

    monkeypatch.setattr("include.ledger.correction.commit", resumed_first)
    before = plan_of(half_sent).content_hash
    with pytest.raises(CampaignRunning, match="changed at the same time"):
        correct(half_sent)
    assert plan_of(half_sent).content_hash == before


def test_what_cannot_be_replaced_is_refused_before_the_plan_is_paused(half_sent: Shop) -> None:
    with pytest.raises(PlanError, match=r"no content any more .*a\.en, b\.en"):
        correct(half_sent, variants=tuple(replace_id(half_sent)))
    edit(half_sent, FILES["body.html.j2"])
    with pytest.raises(PlanError, match="exactly this content"):
        correct(half_sent)
    assert plan_of(half_sent).state == "sending"
    control.cancel(half_sent.stores.ledger, "spring", WEEK)
    with pytest.raises(PlanError, match="cancelled"):
        correct(half_sent)


def replace_id(shop: Shop) -> list[Any]:
    """The campaign's variants under other names."""
    return [variant.model_copy(update={"id": "other"}) for variant in shop.campaign.variants]
