"""A campaign with `approval` is sent only as it was approved: the guard of plans and corrections, and what is kept.

These tests run on SQLite; the faults of tests/faults/approvals.py also on PostgreSQL.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.core import clock
from include.core.arrival_hours import SendWindow
from include.core.campaign import Campaign
from include.core.campaign_fields import Sender, Variant, Winner
from include.core.errors import ContentChanged, NotApproved, PlanError
from include.core.paths import SEGMENTS
from include.dispatch import approve, start
from include.dispatch.approve import Question
from include.dispatch.plan import approval, correction, freeze
from include.dispatch.plan.approval import Subject
from include.dispatch.send import sender
from include.ledger import decisions, plans
from include.ledger.decisions import Decision
from include.ledger.stores import Stores
from tests.conftest import ledger  # noqa: F401  (in place of this folder's, which has two)
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_correction import send
from tests.dispatch.test_plan import AT, EDGE, FILES, Shop, open_shop

WEEK = "2026-W48"
ANNA, BEN = {"id": "anna", "name": "Anna"}, {"id": "ben", "name": "Ben"}
ANONYMOUS = {"id": "Anonymous", "name": "Anonymous"}


@pytest.fixture
def shop(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose campaign must be approved."""
    made = open_shop(stores, tmp_path, monkeypatch, people=24)
    made.campaign = made.campaign.model_copy(update={"approval": "required"})
    return made


def subject(shop: Shop, campaign: Campaign) -> Subject:
    wanted = approve.unapproved(shop.stores.ledger, campaign, WEEK)
    wanted = wanted or approve.uncorrected(shop.stores.ledger, campaign, WEEK)
    assert wanted is not None
    return wanted


def question(shop: Shop, campaign: Campaign) -> Question:
    """The question, without its preview."""
    wanted = subject(shop, campaign)
    return Question(
        campaign="spring",
        occurrence=WEEK,
        parts=dict(wanted.parts),
        hash=wanted.hash,
        until=0.0,
        page="",
        picture="",
        text="",
    )


def approved(shop: Shop, *people: dict[str, str], **changes: Any) -> str:
    campaign = shop.campaign.model_copy(update=changes)
    outcomes = [approve.approve(shop.stores, campaign, question(shop, campaign), each) for each in people]
    return outcomes[-1]


def kept(shop: Shop) -> list[Decision]:
    return decisions.of_plan(shop.stores.ledger, plans.plan_id_of("spring", WEEK))


def test_nothing_is_planned_before_somebody_approves(shop: Shop) -> None:
    with pytest.raises(NotApproved, match=r"spring 2026-W48: is not approved\..*mode live"):
        shop.freeze()
    assert plans.find_plan(shop.stores.ledger, plans.plan_id_of("spring", WEEK)) is None
    assert approved(shop, ANNA) == "approved"
    assert shop.freeze()["planned"] > 0
    (decision,) = kept(shop)
    assert (decision.action, decision.by, decision.details["user"]) == ("approve", "Anna", "anna")
    assert decision.at <= clock.now().timestamp()


def test_the_question_shows_the_preview_and_what_is_approved(shop: Shop) -> None:
    shop.campaign = Campaign.model_validate({**shop.campaign.model_dump(), "approval": {"people": 2, "within": "2d"}})
    asked = approve.ask(
        shop.stores, shop.campaign, WEEK, subject(shop, shop.campaign), run="manual__1", at=AT, edge_url=EDGE,
        account_pace=sender.UNLIMITED,
    )  # fmt: skip
    page = (shop.stores.paths.root / asked["page"]).read_text()
    assert "News for" in page
    assert "It is sent when 2 people approve it in Airflow." in page
    assert f"2026-W48 exactly as it is now, version {asked['hash'][:12]}" in page
    assert "2 different people must approve" in asked["text"]
    assert "would get it if it were due: 24 in the segment" in asked["text"]
    assert 47 < (asked["until"] - clock.now().timestamp()) / 3600 <= 48


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sender": Sender(email="other@shop.example.com", name="Shop")}, "the sender changed"),
        ({"send_window": SendWindow()}, "the schedule changed"),
        ({"hold_out_percent": 7}, "the audience changed"),
        ({"segment": "everybody_else"}, "the audience changed"),
        ({"variants": (Variant(id="only", subject="Other"),)}, r"the mail \(only\.en\), the variants changed"),
    ],
)
def test_every_edit_of_the_file_needs_a_new_approval(shop: Shop, changes: dict[str, Any], words: str) -> None:
    shop.campaign = shop.campaign.model_copy(update={"variants": (Variant(id="only"),), "locales": ("en",)})
    approved(shop, ANNA)
    with pytest.raises(NotApproved, match=f"was edited after it was approved: .*{words}"):
        shop.freeze(**changes)
    assert shop.freeze()["planned"] > 0


def test_an_edit_of_the_template_needs_a_new_approval_and_its_reversal_none(shop: Shop) -> None:
    approved(shop, ANNA)
    body = shop.templates / "body.html.j2"
    body.write_text(FILES["body.html.j2"].replace("Dear", "Hello"))
    with pytest.raises(NotApproved, match="the mail"):
        shop.freeze()
    body.write_text(FILES["body.html.j2"])
    assert shop.freeze()["planned"] > 0


def test_owner_and_limit_of_a_late_start_may_change(shop: Shop) -> None:
    approved(shop, ANNA)
    assert shop.freeze(owner="another", late_start_limit_hours=2)["planned"] > 0


def test_an_edit_of_a_segment_or_of_one_that_it_reads_needs_a_new_approval(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("select subscriber_id from segment.b")
    (tmp_path / "b.sql").write_text("select subscriber_id from segment.features")
    before = approval._definitions(["a"], tmp_path)
    assert len(before) == 3
    (tmp_path / "b.sql").write_text("select subscriber_id from segment.features where purchases > 1")
    assert approval._definitions(["a"], tmp_path) != before


def test_an_approval_is_of_one_occurrence(shop: Shop) -> None:
    approved(shop, ANNA)
    with pytest.raises(NotApproved):
        freeze.freeze(shop.stores, shop.campaign, occurrence="2026-W49", edge_url=EDGE, at=AT)


def test_an_approval_of_what_was_edited_meanwhile_counts_for_nothing(shop: Shop) -> None:
    asked = question(shop, shop.campaign)
    (shop.templates / "body.html.j2").write_text(FILES["body.html.j2"].replace("Dear", "Hello"))
    assert approve.approve(shop.stores, shop.campaign, asked, ANNA) == "edited"
    assert kept(shop) == []
    with pytest.raises(NotApproved):
        shop.freeze()


def two(shop: Shop) -> Shop:
    shop.campaign = Campaign.model_validate({**shop.campaign.model_dump(), "approval": {"people": 2}})
    return shop


def test_two_people_means_two_different_people(shop: Shop) -> None:
    assert approved(two(shop), ANNA, ANNA) == "unanswered"
    with pytest.raises(NotApproved, match="not approved by enough people: 1 more must"):
        shop.freeze()
    assert approved(shop, BEN) == "approved"
    assert shop.freeze()["planned"] > 0
    assert [one.by for one in kept(shop)] == ["Anna", "Anna", "Ben"]


def test_anonymous_administrators_are_no_two_people(shop: Shop) -> None:
    assert approved(two(shop), ANONYMOUS, ANNA) == "unanswered"
    with pytest.raises(NotApproved, match="1 more must"):
        shop.freeze()


@pytest.mark.parametrize(("user", "action", "by"), [(BEN, "reject", "Ben"), (None, "expire", "nobody")])
def test_a_rejection_or_silence_ends_it_and_takes_back_what_was_approved(
    shop: Shop, user: dict[str, str] | None, action: str, by: str
) -> None:
    assert approved(two(shop), ANNA) == "unanswered"
    assert approve.reject(shop.stores, question(shop, shop.campaign), user) == "ended"
    assert [(one.action, one.by) for one in kept(shop)] == [("approve", "Anna"), (action, by)]
    assert approved(shop, BEN) == "unanswered"
    assert approved(shop, ANNA) == "approved"


def test_a_correction_needs_an_approval_of_the_new_content(shop: Shop, esp: ScriptedEsp) -> None:
    approved(shop, ANNA)
    shop.freeze()
    (shop.templates / "body.html.j2").write_text(FILES["body.html.j2"].replace("Dear", "Hello"))

    def correct() -> dict[str, Any]:
        return correction.replace_content(shop.stores, shop.campaign, occurrence=WEEK, edge_url=EDGE, by="anna")

    with pytest.raises(NotApproved, match="the mail"):
        correct()
    assert approve.unapproved(shop.stores.ledger, shop.campaign, WEEK) is None
    assert approve.approve(shop.stores, shop.campaign, question(shop, shop.campaign), BEN) == "approved"
    assert correct()["people"] > 0
    send(shop, esp)
    assert {"Hello" in part["value"] for body in esp.bodies for part in body["content"] if "html" in part["type"]} == {True}


def test_a_plan_from_before_the_approval_was_required_needs_one_to_go_on(shop: Shop) -> None:
    shop.freeze(approval=None)
    with pytest.raises(NotApproved):
        shop.freeze()
    assert approve.unapproved(shop.stores.ledger, shop.campaign, WEEK) is not None
    approved(shop, ANNA)
    assert shop.freeze()["found"]


def test_a_plan_that_was_approved_goes_on_after_an_edit_of_its_segment(shop: Shop) -> None:
    """Its audience is frozen; only its content could change."""
    approved(shop, ANNA)
    shop.freeze()
    assert shop.freeze(frequency_cap_hours=3)["found"]
    with pytest.raises(ContentChanged):
        shop.freeze(sender=Sender(email="other@shop.example.com", name="Shop"))


def test_preview_and_test_need_none(shop: Shop, esp: ScriptedEsp) -> None:
    shown, ranges = start.start_run(
        shop.stores, shop.campaign, account=esp.account, mode="preview", run="r", at=AT, edge_url=EDGE
    )
    assert (shown["mode"], ranges) == ("preview", [])


def test_the_winner_goes_to_the_rest_as_it_was_approved(shop: Shop, esp: ScriptedEsp) -> None:
    variants = (Variant(id="a"), Variant(id="b", subject="Other"))
    shop.campaign = shop.campaign.model_copy(update={"variants": variants, "winner": Winner(metric="human_click")})
    approved(shop, ANNA)
    run = live(shop, esp)
    run(None)
    test = plans.plan_id_of("spring", WEEK)
    with shop.stores.ledger.write() as connection:
        decisions.keep(connection, test, Decision("choose_winner", "somebody", details={"variant": "b"}))
    rest = f"{WEEK}-rest"
    shop.campaign = shop.campaign.model_copy(update={"hold_out_percent": 50})
    with pytest.raises(NotApproved, match="the audience changed"):
        run(rest)
    shop.campaign = shop.campaign.model_copy(update={"hold_out_percent": 10})
    assert run(rest)["planned"] > 0


def live(shop: Shop, esp: ScriptedEsp) -> Callable[[str | None], Any]:
    def run(resumes: str | None) -> Any:
        return start.start_run(
            shop.stores, shop.campaign, account=esp.account, mode="live", run="r", at=AT, edge_url=EDGE, resumes=resumes
        )[0]

    return run


def test_what_cannot_be_planned_is_an_error_of_the_question_too(shop: Shop) -> None:
    (shop.templates / "body.html.j2").write_text("{{ nobody.knows }}")
    for ask in (shop.freeze, lambda: approve.unapproved(shop.stores.ledger, shop.campaign, WEEK)):
        with pytest.raises(PlanError, match=r"body\.html\.j2"):
            ask()


def test_a_preview_that_may_not_show_what_is_asked_for_is_made_anew(shop: Shop) -> None:
    """The files were edited while the preview was made: an answer would be about what nobody saw."""
    wanted = subject(shop, shop.campaign)
    edited = shop.campaign.model_copy(update={"sender": Sender(email="other@shop.example.com", name="Shop")})
    with pytest.raises(approve.CampaignEdited) as raised:
        approve.ask(shop.stores, edited, WEEK, wanted, run="manual__1", at=AT, edge_url=EDGE, account_pace=sender.UNLIMITED)
    assert raised.value.retryable
    assert kept(shop) == []


def test_an_edit_of_a_segment_or_of_one_that_it_reads_takes_the_approval_back(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "definitions"
    shutil.copytree(SEGMENTS, folder)
    monkeypatch.setattr(approval._definitions, "__defaults__", (folder,))
    (folder / "newsletter_readers.sql").write_text("select subscriber_id\nfrom segment.inner_circle")
    (folder / "inner_circle.sql").write_text("select subscriber_id\nfrom segment.features")
    assert approved(shop, ANNA) == "approved"
    (folder / "inner_circle.sql").write_text("select subscriber_id\nfrom segment.features where purchases > 3")
    with pytest.raises(NotApproved, match="the audience changed"):
        shop.freeze()
    (folder / "inner_circle.sql").write_text("select subscriber_id\nfrom segment.features")
    (folder / "engaged.sql").write_text("select 1")
    assert shop.freeze()["planned"] > 0, "nothing that it reads is different"


def test_a_plan_that_one_person_approved_needs_another_if_two_must(shop: Shop) -> None:
    assert approved(shop, ANNA) == "approved"
    shop.freeze()
    two = Campaign.model_validate({**shop.campaign.model_dump(), "approval": {"people": 2}})
    with pytest.raises(NotApproved, match="1 more must"):
        freeze.freeze(shop.stores, two, occurrence=WEEK, edge_url=EDGE, at=AT)
