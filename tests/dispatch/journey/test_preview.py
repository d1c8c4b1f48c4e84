"""The mail of a journey's step is looked at and tested as a campaign's, without a change for the people inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.core import clock
from include.core.errors import ConfigurationError, PlanError
from include.core.journey_mail import inspect_mail, load_mail, read_id
from include.core.pace import AccountPace
from include.core.paths import CAMPAIGNS
from include.dispatch import start
from include.dispatch.preview.model import Choice
from include.dispatch.preview.preview import preview_now
from include.dispatch.preview.test_send import SeedChoice
from include.dispatch.send import sender
from tests.dispatch.journey.conftest import EDGE, JourneyShop


@pytest.fixture
def open_warehouses() -> None:
    """A preview attaches the file, for which no connection may be open."""


def started(shop: JourneyShop, mode: start.Mode) -> start.StartedPreview | start.StartedPlan:
    result, ranges = start.start_run(
        shop.stores, load_mail("basket__first"), account=shop.esp.account, mode=mode, run="manual", at=clock.now(),
        edge_url=EDGE, test=SeedChoice(["ada"]),
    )  # fmt: skip
    for part in ranges:
        sender.send_range(shop.stores, shop.esp.account, **part)
    return result


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "seeds.yaml"
    file.write_text("seeds:\n  ada: {address: ada@shop.example.com}\n")
    monkeypatch.setenv("TRADEWIND_SEED_ADDRESSES", str(file))


def test_a_preview_shows_the_people_inside_and_where_they_are(shop: JourneyShop) -> None:
    for person in (1, 2):
        shop.basket(person)
    shop.run()
    shown = preview_now(shop.stores, "basket__first", Choice(), edge_url=EDGE, account=AccountPace(), at=clock.now())
    assert not [problem for problem in shown.problems if problem.severity == "error"]
    assert shown.as_if_due is not None
    assert (shown.as_if_due.start.label, shown.as_if_due.rest.people) == ("inside the journey basket", 2)
    assert shown.live is not None
    assert "2 people are inside, of whom 0 are at this step; 0 have had its mail." in shown.live.notes[0]
    assert {mail.subject for mail in shown.mails} == {"Your basket"}
    page: Any = started(shop, "preview")
    assert (shop.stores.paths.root / page["page"]).is_file()
    assert shop.esp.taken.total() == 0


def test_a_test_goes_to_the_team_and_the_journey_goes_on_as_before(shop: JourneyShop, seeds: None) -> None:
    shop.basket(1)
    shop.run()
    started(shop, "test")
    (body,) = shop.esp.bodies
    assert body["personalizations"][0]["to"][0]["email"] == "ada@shop.example.com"
    assert "[TEST] Your basket" in str(body)
    shop.later(hours=1)
    shop.run()
    assert (shop.mailed(), shop.esp.taken.total()) == (["1"], 2)


def test_only_run_journeys_sends_it_to_people(shop: JourneyShop) -> None:
    with pytest.raises(PlanError, match="run_journeys only"):
        started(shop, "live")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("basket.frist", "Did you mean first"),
        ("basket", r"Name one of its mails: basket\.first, basket\.second\."),
        ("baskt.first", r"Did you mean basket\.first\?"),
    ],
)
def test_an_unknown_mail_names_the_known_ones(
    shop: JourneyShop, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(CAMPAIGNS))
    assert read_id("basket.first") == "basket__first"
    assert read_id("newsletter") == "newsletter"
    with pytest.raises(ConfigurationError, match=words):
        inspect_mail(read_id(name))
