"""The double opt-in, from the source's pending row to the first newsletter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from include.core import clock
from include.core.campaign_file import load_campaign
from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.dispatch import start
from include.dispatch.account import record
from include.dispatch.send import sender
from include.edge.app import app
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse, transaction
from tests.dispatch.populate import populate
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.frozen_segment import freeze_segment

EDGE = "https://mail.tradewind.example"
DAY = timedelta(days=1)


@pytest.fixture
def ledger(paths: DataPaths, secrets: Secrets) -> Iterator[Ledger]:
    """The default ledger, which the edge finds by itself."""
    opened = open_ledger(ledger_url(paths), secrets)
    yield opened
    opened.close()


@dataclass
class Shop:
    """A shop with mostly pending subscribers, and the mail sent to them."""

    stores: Stores
    esp: ScriptedEsp
    now: datetime

    def run(self, name: str, *, days: float = 0) -> dict[str, Any]:
        """Run a campaign live, `days` from now; returns the sent mail by the person's number."""
        at = self.now + days * DAY
        campaign, already = load_campaign(name), len(self.esp.bodies)
        planned, ranges = start.start_run(
            self.stores,
            campaign,
            account=self.esp.account,
            mode="live",
            run="r",
            at=at,
            edge_url=EDGE,
        )
        assert planned["mode"] == "live"
        for part in ranges:
            sender.send_range(self.stores, self.esp.account, **part)
        record.record_sends(self.stores)
        with open_warehouse(self.stores.paths) as warehouse, transaction(warehouse):
            warehouse.execute(
                "update dispatch.sends set sent_at = $at where plan_id = $plan and state = 'accepted'",
                {"at": at, "plan": planned["plan_id"]},
            )
        return dict(mails(self.esp.bodies[already:]))

    def change(self, statement: str) -> None:
        with open_warehouse(self.stores.paths) as warehouse, transaction(warehouse):
            warehouse.execute(statement)


@dataclass
class Mail:
    """One accepted message: the body of its request, and its HTML and text with the substitutions applied."""

    body: dict[str, Any]
    html: str
    text: str
    headers: dict[str, str]

    @property
    def link(self) -> str:
        (found,) = [href for href in hrefs(self.html) if "/confirm/" in href]
        return found

    @property
    def language(self) -> str:
        (page,) = LexborHTMLParser(self.html).css("html")
        return str(page.attributes["lang"])


def hrefs(html: str) -> list[str]:
    """The targets of the links."""
    return [link.attributes["href"] or "" for link in LexborHTMLParser(html).css("a")]


def mails(bodies: list[dict[str, Any]]) -> Iterator[tuple[str, Mail]]:
    for body in bodies:
        text, html = (part["value"] for part in body["content"])
        for person in body["personalizations"]:
            parts = [text, html]
            for tag, value in person["substitutions"].items():
                parts = [part.replace(tag, value) for part in parts]
            number = person["to"][0]["email"].split("@")[0].removeprefix("person")
            yield number, Mail(body, parts[1], parts[0], person["headers"])


def request_edge(method: str, link: str, **more: Any) -> httpx.Response:
    """Send a request to the edge in this process over ASGI."""

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=EDGE) as client:
            return await client.request(method, link, **more)

    return asyncio.run(asked())


def confirm(link: str) -> httpx.Response:
    """Open the page and post its form, as a browser does."""
    (form,) = LexborHTMLParser(request_edge("GET", link).text).css("form")
    return request_edge("POST", link, data={one.attributes["name"]: one.attributes["value"] for one in form.css("input")})


@pytest.fixture
def shop(stores: Stores, esp: ScriptedEsp) -> Shop:
    """Ten people: 0 to 7 are pending since yesterday, 8 and 9 are subscribed; all are in both segments."""
    populate(stores.paths, 10, "awaiting_confirmation")
    made = Shop(stores, esp, clock.now().astimezone(UTC))
    made.change(
        "update core.subscribers set status = 'pending', lawful_basis = null, consented_at = null, tracking_consent = true, "
        f"signed_up_at = timestamptz '{made.now - DAY}' where subscriber_id::integer < 8"
    )
    with open_warehouse(stores.paths) as warehouse:
        freeze_segment(warehouse, "newsletter_readers", "select subscriber_id from core.subscribers")
    return made


def test_pending_subscriber_gets_one_untracked_confirmation_in_their_language(shop: Shop) -> None:
    sent = shop.run("confirm")
    assert sorted(sent) == [str(number) for number in range(8)]
    for mail in sent.values():
        tracking = mail.body["tracking_settings"]
        assert not tracking["open_tracking"]["enable"]
        assert not tracking["click_tracking"]["enable"]
        assert mail.link in mail.text
        assert mail.headers["List-Unsubscribe"].startswith(f"<{EDGE}/u/")
        assert "?" not in mail.headers["List-Unsubscribe"], "RFC 8058: the bare URI"
        assert {href.partition("?")[2] for href in hrefs(mail.html)} == {f"l={mail.language}"}
        shown = request_edge("GET", mail.link, headers={"Accept-Language": "es"})
        assert shown.headers["content-language"] == mail.language
    assert {mail.language for mail in sent.values()} == {"en", "de", "fr"}
    assert shop.run("confirm", days=1) == {}
    shop.change(f"update core.subscribers set signed_up_at = timestamptz '{shop.now}' where subscriber_id = '1'")
    assert shop.run("confirm", days=2) == {}, "no second confirmation while the first link works"
    shop.change(f"update core.subscribers set signed_up_at = timestamptz '{shop.now + 16 * DAY}' where subscriber_id = '1'")
    assert sorted(shop.run("confirm", days=17)) == ["1"], "a new sign-up gets a new confirmation"


def test_only_a_form_post_gives_consent(shop: Shop) -> None:
    sent = shop.run("confirm")
    assert sorted(shop.run("newsletter")) == ["8", "9"]
    for mail in sent.values():
        assert request_edge("GET", mail.link).status_code == 200
        assert request_edge("HEAD", mail.link).status_code == 200
    assert sorted(shop.run("newsletter", days=7)) == ["8", "9"]
    assert confirm(sent["3"].link).status_code == 200
    assert sorted(shop.run("newsletter", days=14)) == ["3", "8", "9"]
    assert request_edge(
        "POST", sent["3"].headers["List-Unsubscribe"].strip("<>"), data={"List-Unsubscribe": "One-Click"}
    ).is_success
    confirm(sent["3"].link)
    assert sorted(shop.run("newsletter", days=21)) == ["8", "9"]


def test_pending_subscriber_gets_exactly_one_reminder(shop: Shop) -> None:
    sent = shop.run("confirm")
    assert shop.run("confirm_reminder", days=2) == {}, "too early"
    confirm(sent["1"].link)
    request_edge("POST", sent["2"].headers["List-Unsubscribe"].strip("<>"), data={"List-Unsubscribe": "One-Click"})
    shop.change("update core.subscribers set status = 'subscribed' where subscriber_id = '4'")
    reminded = shop.run("confirm_reminder", days=3)
    assert sorted(reminded) == ["0", "3", "5", "6", "7"]
    assert reminded["0"].link != sent["0"].link
    for days in (4, 10, 20):
        assert shop.run("confirm_reminder", days=days) == {}
    again = shop.now + 30 * DAY
    shop.change(f"update core.subscribers set signed_up_at = timestamptz '{again}' where subscriber_id = '0'")
    assert sorted(shop.run("confirm", days=31)) == ["0"]
    assert shop.run("confirm_reminder", days=35) == {}, "one reminder, ever"


def test_confirmation_link_expires(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    link = shop.run("confirm")["0"].link
    monkeypatch.setattr(clock, "now", lambda: shop.now + 13.9 * DAY)
    assert request_edge("GET", link).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: shop.now + 14.1 * DAY)
    assert request_edge("GET", link).status_code == request_edge("POST", link, data={"action": "confirm"}).status_code == 410
    monkeypatch.undo()
    assert "0" not in shop.run("newsletter", days=15)


def test_preview_contains_no_working_link(shop: Shop) -> None:
    campaign = load_campaign("confirm")
    shown, _ = start.start_run(
        shop.stores, campaign, account=shop.esp.account, mode="preview", run="p", at=shop.now, edge_url=EDGE
    )
    assert shown["mode"] == "preview"
    page = (shop.stores.paths.root / shown["page"]).read_text()
    assert (shown["planned"], shown["suppressed"]) == (8, 2)
    assert "have no sign-up to confirm" in page
    assert f"{EDGE}/…" in page
    assert "/confirm/" not in page
