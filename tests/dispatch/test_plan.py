"""Planning: a plan is frozen once, adds up, and is refused if it is invalid."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from include.core import clock, occurrence, token
from include.core.arrival_hours import QuietHours, SendWindow
from include.core.campaign import Campaign
from include.core.campaign_fields import Sender, Variant
from include.core.errors import CampaignStopped, ContentChanged, PlanError
from include.core.segment_set import SegmentSet
from include.core.shop import UnknownTopic
from include.dispatch import control, start
from include.dispatch.account import record
from include.dispatch.account.settle import settle
from include.dispatch.plan import freeze
from include.dispatch.preview.preview import preview_run
from include.dispatch.send import sender
from include.ledger import consent, plans, suppressions
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from simulator.api.decoding import decode
from simulator.api.payload import Mail
from simulator.api.rules import problems
from simulator.api.rules.account import Account
from tests.campaign import a_campaign
from tests.dispatch.populate import populate
from tests.dispatch.scripted_esp import Reply, ScriptedEsp, accepted, failed
from tests.frozen_segment import freeze_segment
from tests.png import png

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
EDGE = "https://mail.tradewind.example"
FILES = {
    "subject.txt.j2": "News for {{ person.first_name }}",
    "preheader.txt.j2": "What is new",
    "body.html.j2": (
        "<html><body><p>Dear {{ person.first_name }} {{ person.last_name }},</p>"
        "{% personal %}{% if person.purchases > 3 %}<p>Thank you for {{ person.purchases }} orders.</p>"
        "{% endif %}{% endpersonal %}"
        '<p>{{ postal_address }}</p><a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>'
    ),
    "body.txt.j2": "Dear {{ person.first_name }}\n{{ postal_address }}\n{{ unsubscribe_url }}",
}


@dataclass
class Shop:
    """A warehouse with subscribers, a template, and a campaign."""

    stores: Stores
    templates: Path
    campaign: Campaign

    def freeze(self, **changes: Any) -> freeze.FrozenPlan:
        campaign = self.campaign.model_copy(update=changes)
        name = occurrence.occurrence_of(campaign, AT)
        return freeze.freeze(self.stores, campaign, occurrence=name, edge_url=EDGE, at=AT)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Query the warehouse after copying the ledger to it."""
        record.record_sends(self.stores)
        with open_warehouse(self.stores.paths) as warehouse:
            return warehouse.execute(query).fetchall()


@pytest.fixture
def shop(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return open_shop(stores, tmp_path, monkeypatch, people=3_000)


def open_shop(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, people: int) -> Shop:
    """A shop with this many subscribers."""
    folder = tmp_path / "templates" / "spring"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.setenv("TRADEWIND_TEMPLATES", str(folder.parent))
    populate(stores.paths, people)
    campaign = a_campaign(
        occurrence="week",
        segment="newsletter_readers",
        variants=(Variant(id="a"), Variant(id="b", subject="Only for {{ person.first_name }}")),
        hold_out_percent=10,
    )
    return Shop(stores, folder, campaign)


def test_frozen_plan_adds_up_and_is_found_on_the_second_call(shop: Shop) -> None:
    first = shop.freeze()
    assert first["selected"] == 3_000 == first["planned"] + first["held_out"] + first["suppressed"] + first["capped"]
    assert 200 < first["held_out"] < 400
    second = shop.freeze()
    assert second["found"]
    assert not first["found"]
    assert second["plan_id"] == first["plan_id"]
    states = dict(shop.rows("select state, count(*) from dispatch.sends group by all"))
    assert states == {"pending": first["planned"], "held_out": first["held_out"]}


def test_plan_contains_everybody_once_with_a_valid_token(shop: Shop) -> None:
    frozen = shop.freeze()
    folder = shop.stores.paths.plans / "spring" / "2026-W48"
    wire = pq.ParquetDataset(sorted(folder.glob("part-*.parquet"))).read().to_pylist()
    assert len({row["message_key"] for row in wire}) == len(wire) == frozen["planned"]
    subjects = [token.verify(shop.stores.secrets, row["token"]) for row in wire]
    assert [(who.message_key, who.address_key) for who in subjects if who] == [
        (row["message_key"], row["address_key"]) for row in wire
    ]
    variants = dict(shop.rows("select variant, count(*) from dispatch.sends where state = 'pending' group by all"))
    assert 0.4 < variants["a"] / frozen["planned"] < 0.6
    assert "@" not in (pq.read_table(folder / "audience.parquet").to_string())


def test_plan_is_sent_settled_and_recorded(shop: Shop, esp: ScriptedEsp) -> None:
    frozen = shop.freeze()
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    assert settle(shop.stores.ledger, frozen["plan_id"])["accepted"] == frozen["planned"]
    record.record_sends(shop.stores)
    states = dict(shop.rows("select state, count(*) from dispatch.sends group by all"))
    assert states["accepted"] == frozen["planned"]
    assert shop.rows("select count(*) from dispatch.sends where state = 'accepted' and sent_at is null") == [(0,)]
    assert {body["subject"][:4] for body in esp.bodies} == {"News", "Only"}
    for body in esp.bodies:
        person = body["personalizations"][0]
        subject = body["subject"]
        for tag, value in person["substitutions"].items():
            subject = subject.replace(tag, value)
        assert subject.split()[-1].startswith("First")
        assert set(body["categories"]) == {"spring"}


def test_a_variant_is_sent_with_its_own_template_sender_and_hours(shop: Shop, esp: ScriptedEsp) -> None:
    """What SendGrid accepted: of variant b everything is its own, and of variant a nothing."""
    short = shop.templates.parent / "short"
    shutil.copytree(shop.templates, short)
    (short / "subject.txt.j2").write_text("In short, {{ person.first_name }}")
    mara = Sender(email="mara@shop.example.com", name="Mara")
    start = (clock.now().hour + 5) % 23
    later = SendWindow(start=start, end=start + 1)
    variants = (Variant(id="a"), Variant(id="b", template="short", sender=mara, send_window=later))
    frozen = shop.freeze(variants=variants)
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)

    arms = {
        (body["from"]["email"], body["from"]["name"], body["subject"].split()[0], "send_at" in body) for body in esp.bodies
    }

    assert arms == {
        (shop.campaign.sender.email, shop.campaign.sender.name, "News", False),
        ("mara@shop.example.com", "Mara", "In", True),
    }


def test_a_variants_sender_is_part_of_the_content_that_was_frozen(shop: Shop) -> None:
    mara = Sender(email="mara@shop.example.com", name="Mara")
    shop.freeze(variants=(Variant(id="a"), Variant(id="b", sender=mara)))
    with pytest.raises(ContentChanged):
        shop.freeze(variants=(Variant(id="a"), Variant(id="b", sender=mara.model_copy(update={"name": "Mo"}))))


def test_suppressed_and_capped_people_are_counted_by_reason(shop: Shop) -> None:
    (gone,) = shop.rows("select address_key from core.subscribers where subscriber_id = '7'")[0]
    suppressions.suppress(shop.stores.ledger, [suppressions.Suppression(gone, "spam_complaint", "webhook", 1.0)])
    first = shop.freeze(hold_out_percent=0)
    assert (first["suppressed"], first["capped"]) == (1, 0)
    second = shop.freeze(id="summer")
    assert (second["suppressed"], second["capped"]) == (1, 2_999)
    reasons = shop.rows("select campaign, state, reason, count(*) from dispatch.sends where reason is not null group by all")
    assert ("spring", "suppressed", "spam_complaint", 1) in reasons
    assert ("summer", "capped", "frequency_cap", 2_999) in reasons


def test_triggered_campaign_selects_each_person_once_over_several_days(shop: Shop) -> None:
    daily = shop.campaign.model_copy(update={"occurrence": "signup", "frequency_cap_hours": 0})
    made = []
    for day in range(3):
        at = AT + timedelta(days=day)
        name = occurrence.occurrence_of(daily, at)
        made.append(freeze.freeze(shop.stores, daily, occurrence=name, edge_url=EDGE, at=at))
    assert [entry["selected"] for entry in made] == [3_000, 0, 0]
    assert shop.rows("select count(*), count(distinct message_key) from dispatch.sends") == [(3_000, 3_000)]


def test_edited_template_stops_a_pending_plan(shop: Shop, esp: ScriptedEsp) -> None:
    frozen = shop.freeze()
    body = shop.templates / "body.html.j2"
    body.write_text(FILES["body.html.j2"].replace("Dear", "Hello"))
    with pytest.raises(ContentChanged, match="edited after the plan was frozen"):
        shop.freeze()
    body.write_text(FILES["body.html.j2"])
    assert shop.freeze()["pending"] == frozen["planned"]
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    body.write_text("<p>{{ postal_address }} {{ unsubscribe_url }}</p>")
    assert shop.freeze()["pending"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": Sender(email="offers@shop.example.com", name="Shop")},
        {"sender": Sender(email="news@shop.example.com", name="Another Shop")},
        {"reply_to": Sender(email="help@shop.example.com", name="Help")},
        {"categories": ("winter",)},
        {"asm_group_id": 7},
        {"ip_pool_name": "pool"},
        {"postal_address": "2 Harbour Street, 20457 Hamburg, Germany"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_edited_campaign_content_stops_a_pending_plan(shop: Shop, changes: dict[str, Any]) -> None:
    """Otherwise a campaign could be sent half from one sender and half from another."""
    frozen = shop.freeze()
    with pytest.raises(ContentChanged, match="edited after the plan was frozen"):
        shop.freeze(**changes)
    assert shop.freeze()["pending"] == frozen["planned"]


def test_paused_campaign_is_not_sent_until_resumed(shop: Shop) -> None:
    frozen = shop.freeze()
    control.pause(shop.stores.ledger, "spring", "2026-W48")
    with pytest.raises(CampaignStopped, match="paused"):
        shop.freeze()
    assert control.resume(shop.stores.ledger, "spring", "2026-W48")["pending"] == frozen["planned"]
    assert shop.freeze()["found"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"segment": "nobody_knows"}, r"spring\.yaml.*'nobody_knows' is not defined"),
        ({"template": "nobody_wrote"}, "nobody_wrote"),
    ],
)
def test_invalid_campaign_is_refused_before_freezing(shop: Shop, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanError, match=words):
        shop.freeze(**changes)
    assert plans.all_plans(shop.stores.ledger) == []


def test_combination_of_segments_is_planned_from_one_run(shop: Shop) -> None:
    with open_warehouse(shop.stores.paths) as warehouse:
        for segment, share in {"big_spenders": 2, "lost_customers": 3, "new_subscribers": 5}.items():
            people = f"select subscriber_id from core.subscribers where subscriber_id::integer % {share} = 0"
            freeze_segment(warehouse, segment, people)
    choice = {"any": ["big_spenders", "lost_customers"], "all": ["newsletter_readers"], "none": ["new_subscribers"]}

    frozen = shop.freeze(segment=SegmentSet.model_validate(choice))

    found = {int(row[0]) for row in shop.rows("select subscriber_id from dispatch.sends")}
    assert found == {one for one in range(3_000) if (one % 2 == 0 or one % 3 == 0) and one % 5}
    assert frozen["selected"] == len(found)
    assert shop.rows("select segment from dispatch.plans") == [
        ("(big_spenders or lost_customers) and newsletter_readers without new_subscribers",)
    ]


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        ("newsletter_reader", r"'newsletter_reader' is not defined: did you mean newsletter_readers\?"),
        ("newsletter_readers(days=30)", "newsletter_readers has no parameter days; there are none"),
        ({"all": ["newsletter_readers", "big_spenders"]}, "no run of build_segments has big_spenders, newsletter_readers"),
    ],
)
def test_unknown_segment_or_parameter_is_refused(shop: Shop, segment: Any, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        shop.freeze(segment=SegmentSet.model_validate(segment) if isinstance(segment, dict) else segment)


def test_unknown_topic_is_refused_and_a_declined_topic_is_not_planned(shop: Shop, esp: ScriptedEsp) -> None:
    (gone,) = shop.rows("select address_key from core.subscribers where subscriber_id = '7'")[0]
    consent.record(shop.stores.ledger, [consent.Consent(gone, "news", False, "preference_page", 1.0)])
    modes: tuple[start.Mode, ...] = ("preview", "live")
    for mode in modes:
        typo = shop.campaign.model_copy(update={"topic": "newss"})
        with pytest.raises(UnknownTopic, match=r"spring\.yaml: the topic 'newss' does not exist\. Did you mean news\?"):
            start.start_run(shop.stores, typo, account=esp.account, mode=mode, run="manual__9", at=AT, edge_url=EDGE)
    assert plans.all_plans(shop.stores.ledger) == []
    assert shop.freeze(topic="news", hold_out_percent=0)["suppressed"] == 1
    assert shop.rows("select subscriber_id from dispatch.sends where reason = 'topic_declined'") == [("7",)]


def test_template_that_fails_for_a_person_is_refused_with_its_line(shop: Shop) -> None:
    (shop.templates / "body.txt.j2").write_text(
        "{{ person.first_name }} {{ postal_address }} {{ unsubscribe_url }}\n"
        "{% personal %}{{ 1 // (person.purchases - 5) }}{% endpersonal %}"
    )

    def previewed() -> object:
        return preview_run(shop.stores, shop.campaign, run="r", edge_url=EDGE, account=sender.UNLIMITED, at=AT)

    for call in (shop.freeze, previewed):
        with pytest.raises(PlanError, match=r"body\.txt\.j2, line 2"):
            call()
    assert plans.all_plans(shop.stores.ledger) == []


def test_tracking_of_each_message_is_recorded_as_sent(shop: Shop, esp: ScriptedEsp) -> None:
    """Also for sends that an earlier version recorded and whose plan files are deleted: the ledger has the value."""
    frozen = shop.freeze()
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    asked = {
        person["custom_args"]["tw_key"]: body["tracking_settings"]["open_tracking"]["enable"]
        for body in esp.bodies
        for person in body["personalizations"]
    }
    tracked = "select message_key, tracked from dispatch.sends where chunk is not null"
    assert set(asked.values()) == {True, False}
    assert dict(shop.rows(tracked)) == asked
    assert shop.rows("select distinct tracked from dispatch.sends where chunk is null") == [(None,)]
    with open_warehouse(shop.stores.paths) as warehouse:
        warehouse.execute("update dispatch.sends set tracked = null")
    shutil.rmtree(shop.stores.paths.plans)
    assert dict(shop.rows(tracked)) == asked


def test_split_chunks_are_recorded_per_person(shop: Shop, esp: ScriptedEsp) -> None:
    frozen = shop.freeze(hold_out_percent=0)
    bad = {"person11@yahoo.example.com", "person12@gmail.example.com"}

    def answer(_number: int, body: dict[str, Any]) -> Reply:
        return failed(400) if {p["to"][0]["email"] for p in body["personalizations"]} & bad else accepted()

    esp.answer = answer
    (left,) = shop.rows("select address_key from core.subscribers where subscriber_id = '21'")[0]
    suppressions.suppress(shop.stores.ledger, [suppressions.Suppression(left, "unsubscribe", "edge", 1.0)])
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    record.record_sends(shop.stores)
    states = dict(shop.rows("select state, count(*) from dispatch.sends group by all"))
    assert states == {"accepted": 2_997, "rejected": 2, "suppressed": 1}
    odd = shop.rows("select subscriber_id, state from dispatch.sends where state <> 'accepted' order by subscriber_id")
    assert odd == [("11", "rejected"), ("12", "rejected"), ("21", "suppressed")]
    at_esp = set(esp.taken)
    assert at_esp == {key for (key,) in shop.rows("select message_key from dispatch.sends where state = 'accepted'")}


def test_images_are_published_and_frozen_with_the_plan(shop: Shop, esp: ScriptedEsp) -> None:
    (shop.templates / "images").mkdir()
    (shop.templates / "images" / "hero.png").write_bytes(png(40, 20))
    html = FILES["body.html.j2"].replace("<p>Dear", '{{ image("hero.png", alt="A boat") }}<p>Dear')
    (shop.templates / "body.html.j2").write_text(html)
    frozen = shop.freeze()
    (image,) = shop.stores.paths.images.iterdir()
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    assert all(f'src="{EDGE}/images/{image.name}"' in body["content"][1]["value"] for body in esp.bodies)


def test_an_image_that_was_changed_after_the_plan_was_frozen_stops_it(shop: Shop) -> None:
    (shop.templates / "images").mkdir()
    (shop.templates / "images" / "hero.png").write_bytes(png(40, 20))
    shop.freeze()
    assert shop.freeze()["found"]
    (shop.templates / "images" / "hero.png").write_bytes(png(40, 20, shade=1))
    with pytest.raises(ContentChanged):
        shop.freeze()


def test_products_are_frozen_with_the_plan(shop: Shop, esp: ScriptedEsp) -> None:
    """Shared lists are in the content, personal ones in the values; what happens later changes neither."""
    html = (
        '{% for each in products("top_sellers", 1) %}<p>Top: {{ each.name }}</p>{% endfor %}<p>{% personal %}'
        "{% if person.products.last_viewed %}Seen: {{ person.products.last_viewed[0].name }}{% else %}Seen: nothing"
        "{% endif %}{% endpersonal %}</p>"
    )
    (shop.templates / "body.html.j2").write_text(FILES["body.html.j2"].replace("<p>Dear", html + "<p>Dear", 1))
    act(shop, ("7", "page_view", "jazz-1"), ("8", "basket_add", "folk-1"))
    frozen = shop.freeze(hold_out_percent=0)
    act(shop, *((str(number), "basket_add", "rock-1") for number in range(20)))
    assert shop.freeze(hold_out_percent=0)["found"]
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    assert all("Top: Oda Lind: Kitchen Songs" in body["content"][1]["value"] for body in esp.bodies)
    seen = [value for body in esp.bodies for person in body["personalizations"] for value in person["substitutions"].values()
            if value.startswith("Seen")]  # fmt: skip
    assert sorted(set(seen)) == ["Seen: Ellis Ward: The Granary Tapes", "Seen: nothing"]
    assert seen.count("Seen: nothing") == 2_999


def act(shop: Shop, *activities: tuple[str, str, str]) -> None:
    """Activities (subscriber, name, product) of yesterday."""
    happened = clock.now() - timedelta(days=1)
    with open_warehouse(shop.stores.paths) as warehouse:
        warehouse.executemany(
            "insert into core.activities (activity_id, subscriber_id, name, happened_at, properties) values (?, ?, ?, ?, ?)",
            [(f"{one}", one[0], one[1], happened, f'{{"product": "{one[2]}"}}') for one in activities],
        )


def test_no_message_is_due_in_quiet_hours(shop: Shop, esp: ScriptedEsp) -> None:
    """Everybody is in Berlin, where it is night for the next five hours: SendGrid gets all with a send_at at their end."""
    begins = clock.now().astimezone(ZoneInfo("Europe/Berlin")).replace(minute=0, second=0, microsecond=0)
    ends = begins.astimezone(UTC) + timedelta(hours=5)
    quiet = QuietHours(start=begins.hour, end=ends.astimezone(ZoneInfo("Europe/Berlin")).hour)
    campaign = shop.campaign.model_copy(update={"quiet_hours": quiet})
    frozen = freeze.freeze(shop.stores, campaign, occurrence="now", edge_url=EDGE, at=clock.now())
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    assert esp.bodies
    assert {body.get("send_at") for body in esp.bodies} == {int(ends.timestamp())}


def refusals(body: dict[str, Any]) -> list[Any]:
    """What the simulator has against a request."""
    decoded = decode(json.dumps(body).encode())
    account = Account((body["from"]["email"],))
    return list(problems(decoded, account, clock.now().timestamp())) if isinstance(decoded, Mail) else [decoded]


def test_a_dynamic_template_is_sent_with_its_data_and_our_rules(shop: Shop, esp: ScriptedEsp) -> None:
    template = "d-0123456789abcdef0123456789abcdef"
    frozen = shop.freeze(
        template="",
        dynamic_template=template,
        dynamic_data={"name": '{{ person.first_name }} "X"'},
        variants=(Variant(id="a"),),
    )
    assert shop.freeze(
        template="",
        dynamic_template=template,
        dynamic_data={"name": '{{ person.first_name }} "X"'},
        variants=(Variant(id="a"),),
    )["found"]
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    assert settle(shop.stores.ledger, frozen["plan_id"])["accepted"] == frozen["planned"]
    for body in esp.bodies:
        assert refusals(body) == [], "the simulator's rules are SendGrid's"
        assert body["template_id"] == template
        assert not {"subject", "content"} & set(body)
        assert body["tracking_settings"]["subscription_tracking"] == {"enable": False}
        for person in body["personalizations"]:
            data = person["dynamic_template_data"]
            assert "substitutions" not in person
            assert data["name"].startswith("First")
            assert data["name"].endswith(' "X"')
            assert data["unsubscribe_url"].startswith(f"{EDGE}/u/")
            assert person["headers"]["List-Unsubscribe"] == f"<{data['unsubscribe_url'].partition('?')[0]}>"
            assert data["postal_address"] == shop.campaign.postal_address
            assert data["test_mark"] == ""
