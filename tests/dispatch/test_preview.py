"""Previews: how the mail would look and who would get it if it were due, and apart from that what a live run would do."""

from __future__ import annotations

import logging
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from include.core import clock, occurrence
from include.core.arrival_hours import SendWindow
from include.core.campaign import Campaign
from include.core.campaign_fields import Pace, Variant
from include.core.pace import AccountPace
from include.core.paths import PROJECT
from include.core.secrets import Secrets
from include.dispatch.account import record
from include.dispatch.plan import freeze
from include.dispatch.preview import pictures, preview
from include.dispatch.preview.model import Choice, Mail, Preview, Problem, Row
from include.dispatch.preview.page import in_words, page
from include.dispatch.preview.people import example_people, invented_name, is_right_to_left
from include.dispatch.preview.schedule import schedule, sending_time
from include.dispatch.send import sender
from include.ledger import plans, suppressions
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.campaign import a_campaign
from tests.dispatch.populate import populate
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_plan import AT, EDGE, FILES
from tests.frozen_segment import freeze_segment
from tests.png import png

CAMPAIGN_FILE = """
id: spring
name: Spring
owner: marketing
purpose: A campaign for tests.
schedule: "0 9 * * 2"
occurrence: {occurrence}
segment: newsletter_readers
template: spring
locales: [en, de]
sender: {{email: news@shop.example.com, name: Shop}}
postal_address: 1 Harbour Street, 20457 Hamburg, Germany
variants:
  - {{id: plain}}
  - {{id: personal, subject: "Only for {{{{ person.first_name }}}}"}}
hold_out_percent: 10
cost_per_thousand: 2
"""
BOTH = "{% if language == 'de' %}{% endif %}"
"""Makes a file count as written in both languages."""


@pytest.fixture
def ledger(paths: object, secrets: Secrets, tmp_path: Path) -> Iterator[Ledger]:
    """SQLite only: a preview reads the ledger by functions that other tests run on both."""
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", secrets)
    yield opened
    opened.close()


@pytest.fixture
def campaign_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign with two variants and two locales, and its template."""
    templates, campaigns = tmp_path / "templates" / "spring", tmp_path / "campaigns"
    templates.mkdir(parents=True)
    campaigns.mkdir()
    for name, text in FILES.items():
        (templates / name).write_text(
            text.replace("<html>", '<html lang="en">').replace("_name }}", '_name | default("you") }}') + BOTH
        )
    (templates / "subject.de.txt.j2").write_text("Neues für {{ person.first_name }}")
    monkeypatch.setenv("TRADEWIND_TEMPLATES", str(templates.parent))
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(campaigns))
    monkeypatch.setattr(preview, "READ_SECONDS", 120.0)  # A busy machine must not turn people into examples.
    (campaigns / "spring.yaml").write_text(CAMPAIGN_FILE.format(occurrence="week"))
    return campaigns / "spring.yaml"


@pytest.fixture
def shop(campaign_file: Path, stores: Stores) -> Stores:
    """600 subscribers."""
    populate(stores.paths, 600)
    return stores


def look(stores: Stores | None, **choice: str) -> Preview:
    return preview.preview_now(stores, "spring", Choice(**choice), edge_url=EDGE, account=AccountPace(), at=AT)


def serious(shown: Preview) -> list[Problem]:
    """The problems that are no advice on the mail."""
    return [problem for problem in shown.problems if problem.severity != "hint"]


def send(stores: Stores, esp: ScriptedEsp, campaign: Campaign, at: datetime = AT) -> None:
    name = occurrence.occurrence_of(campaign, at)
    planned = freeze.freeze(stores, campaign, occurrence=name, edge_url=EDGE, at=at)
    for part in sender.ranges(stores.ledger, planned["plan_id"]):
        sender.send_range(stores, esp.account, **part)
    record.record_sends(stores)


def loaded() -> Campaign:
    from include.core.campaign_file import load_campaign

    return load_campaign("spring")


def test_each_variant_and_locale_is_shown_with_words_and_an_inbox_line(shop: Stores) -> None:
    shown = look(shop)
    assert serious(shown) == []
    assert {(mail.language, mail.variant) for mail in shown.mails} == {
        (language, variant)
        for language in ("English", "German")
        for variant in ("variant plain (the subject of the template)", "variant personal (own subject)")
    }
    assert {mail.sender for mail in shown.mails} == {"Shop <news@shop.example.com>"}
    assert {mail.preheader for mail in shown.mails} == {"What is new"}
    assert any(mail.subject.startswith("Neues für ") for mail in shown.mails)
    content = page(shown)
    assert "<b>Hint</b> in <code>spring/preheader.txt.j2, line 1</code>" in content, "advice of make check"
    assert "Shop &lt;news@shop.example.com&gt;" in content
    assert not re.search(r"First\d|Last\d|person\d+@", content), "names are invented, and there is no address"


def test_after_a_send_the_mail_is_still_shown_and_the_live_run_named_apart(shop: Stores, esp: ScriptedEsp) -> None:
    send(shop, esp, loaded())
    shown = look(shop)
    assert shown.mails
    assert shown.as_if_due
    assert shown.as_if_due.rest.people == 600
    assert shown.live
    assert shown.live.people is None
    said = r"Already sent: “Spring”, 2026-W48, was planned on 24 November 2026 and accepted for 5\d\d people\."
    assert re.fullmatch(said, shown.live.notes[0])
    (shop.paths.root.parent / "templates" / "spring" / "preheader.txt.j2").write_text("Edited")
    edited = look(shop)
    assert edited.mails[0].preheader == "Edited"
    assert edited.live
    assert edited.live.notes[0].endswith("people; your edit is not in it.")
    assert edited.live.notes[1] == "A live run now would send nothing: nobody is pending."


def test_the_subtraction_of_a_live_run_names_every_reason_and_adds_up(shop: Stores, esp: ScriptedEsp) -> None:
    other = a_campaign(id="other", occurrence="week", segment="newsletter_readers", frequency_cap_hours=0)
    with open_warehouse(shop.paths) as warehouse:
        keys = [key for (key,) in warehouse.execute("select address_key from core.subscribers order by 1").fetchall()]
        warehouse.execute("delete from segment.members where subscriber_id::integer > 199")
        warehouse.execute("update segment.sizes set members = 200")
    send(shop, esp, other)
    with open_warehouse(shop.paths) as warehouse:
        freeze_segment(warehouse, "newsletter_readers", "select i::varchar as subscriber_id from range(200, 600) as t(i)")
    suppressions.suppress(shop.ledger, [suppressions.Suppression(key, "hard_bounce", "test", 1.0) for key in keys[:30]])
    shown = look(shop)
    assert shown.live
    assert shown.live.people
    people = {row.label: row.people for row in shown.live.people.less}
    assert people["the address bounced"] == 30
    assert 160 <= people["capped: another mail in the last 16 hours (other 2026-W48)"] <= 200
    assert 20 <= people["held out (10 %)"] <= 80
    assert shown.live.people.start == Row("in the segment newsletter_readers", 600)
    assert shown.live.people.rest.people == 600 - sum(people.values())
    assert shown.as_if_due
    assert (shown.as_if_due.less, shown.as_if_due.rest.people) == ([Row("the address bounced", 30)], 570)


def test_triggered_mail_is_shown_although_everybody_had_it(shop: Stores, esp: ScriptedEsp, campaign_file: Path) -> None:
    campaign_file.write_text(
        CAMPAIGN_FILE.format(occurrence="signup").replace("hold_out_percent: 10", "hold_out_percent: 0")
    )
    send(shop, esp, loaded(), at=AT - timedelta(days=2))
    shown = look(shop)
    assert shown.as_if_due
    assert shown.as_if_due.rest.people == 600
    assert len({mail.subject for mail in shown.mails}) > 3
    assert shown.live
    assert shown.live.people
    (already,) = shown.live.people.less
    assert re.match(r"already sent, the last on .*; your edit is not in it", already.label)
    assert (already.people, shown.live.people.rest.people) == (600, 0)


def test_without_a_warehouse_people_are_fictional_and_extremes_among_them(campaign_file: Path) -> None:
    shown = look(None)
    assert serious(shown) == []
    assert not preview.has_errors(shown)
    assert shown.as_if_due is None
    assert "fictional" in page(shown)
    by_who = {mail.shown_as: mail for mail in shown.mails}
    assert by_who.keys() >= {"the longest values", "the emptiest values", "a name that is written from right to left"}
    assert "Wilhelmina-Alexandrina" in by_who["the longest values"].html


def test_a_value_that_only_a_fictional_person_lacks_is_a_warning(campaign_file: Path, shop: Stores) -> None:
    (shop.paths.root.parent / "templates" / "spring" / "preheader.txt.j2").write_text(
        f"{BOTH}For {{{{ person.first_name }}}}"
    )
    problems = serious(look(None))
    assert {(problem.severity, problem.what) for problem in problems} == {
        ("warning", "person.first_name has no value for 1 person.")
    }
    assert serious(look(shop)) == []
    with open_warehouse(shop.paths) as warehouse:
        warehouse.execute("update core.identities set first_name = null where subscriber_id = '7'")
    assert preview.has_errors(look(shop))


def test_examples_are_an_empty_one_a_long_one_and_one_from_right_to_left() -> None:
    values = [person.values for person in example_people()]
    assert any(not each["first_name"] for each in values)
    assert max(len(each["first_name"] or "") for each in values) > 20
    assert any(is_right_to_left(each["first_name"] or "") for each in values)


def test_every_error_is_shown_at_once_with_file_and_line(campaign_file: Path, shop: Stores) -> None:
    templates = shop.paths.root.parent / "templates" / "spring"
    (templates / "subject.de.txt.j2").write_text("{{ person.frist_name }}")
    (templates / "preheader.txt.j2").write_text("{{ prson }}")
    (templates / "preheader.de.txt.j2").write_text("Neu")
    shown = look(shop)
    assert [(problem.severity, problem.where) for problem in serious(shown)] == [
        ("error", "spring/preheader.txt.j2, line 1"),
        ("error", "spring/subject.de.txt.j2, line 1"),
    ]
    assert "Did you mean person.first_name?" in page(shown)
    assert {mail.variant for mail in shown.mails} == {"variant personal (own subject)"}, "what is valid is shown"
    campaign_file.write_text(CAMPAIGN_FILE.format(occurrence="week") + "colour: red\n")
    (problem,) = serious(look(shop))
    assert re.fullmatch(r"campaigns/spring\.yaml, line \d+", problem.where)


def test_a_mail_that_lacks_something_is_shown_with_all_that_it_lacks_at_its_line(campaign_file: Path, shop: Stores) -> None:
    with_products(campaign_file)
    body = campaign_file.parent.parent / "templates" / "spring" / "body.html.j2"
    added = '\n<img src="https://a.example/a.png">\n<a href="/sale">Sale</a><a href="#">Later</a></body>'
    body.write_text(body.read_text().replace("</body>", added))
    shown = look(shop)
    assert {(problem.severity, problem.what, problem.where) for problem in serious(shown)} == {
        ("error", "shows https://a.example/a.png without alt.", "spring/body.html.j2, line 2"),
        ("error", "links to /sale.", "spring/body.html.j2, line 3"),
        ("warning", "links to #, which is not in the mail.", "spring/body.html.j2, line 3"),
        ("warning", "shows https://a.example/a.png without width and height.", "spring/body.html.j2, line 2"),
    }
    assert preview.has_errors(shown)
    assert {(mail.language, ">Sale</a>" in mail.html) for mail in shown.mails} == {("English", True), ("German", True)}


def test_the_size_of_a_mail_is_that_of_what_is_sent(campaign_file: Path, shop: Stores) -> None:
    templates = campaign_file.parent.parent / "templates" / "spring"
    (templates / "images").mkdir()
    (templates / "images" / "hero.png").write_bytes(png(1200, 600) + bytes(50_000))
    body = templates / "body.html.j2"
    body.write_text(body.read_text().replace("</body>", '{{ image("hero.png", alt="A boat") }}</body>'))
    shown = look(shop)
    assert all("data:image/png;base64," in mail.html and len(mail.html) > 50_000 for mail in shown.mails)
    assert all(300 < mail.html_bytes < 1_000 for mail in shown.mails)
    assert set(re.findall(r"HTML of ([\d.]+) KB", page(shown))) == {"0.4"}


@pytest.mark.parametrize(
    ("choice", "said"),
    [({"locale": "dee"}, "mean de?"), ({"variant": "x"}, "Known variants: per"), ({"person": "x"}, "not a subscriber")],
)  # fmt: skip
def test_a_choice_that_does_not_exist_is_named(shop: Stores, choice: dict[str, str], said: str) -> None:
    shown = look(shop, **choice)
    assert not shown.mails
    assert said in page(shown)


def test_a_chosen_person_locale_and_variant(shop: Stores) -> None:
    with open_warehouse(shop.paths) as warehouse:
        ((key,),) = warehouse.execute("select address_key from core.subscribers where subscriber_id = '7'").fetchall()
    suppressions.suppress(shop.ledger, [suppressions.Suppression(key, "unsubscribe", "test", 1.0)])
    (mail,) = look(shop, person="7", locale="de", variant="personal").mails
    assert mail.subject == "Only for First7"
    assert mail.shown_as == "subscriber 7, who would not get it (unsubscribed)"


def test_the_warehouse_is_neither_changed_nor_needed_while_a_task_writes(shop: Stores) -> None:
    before = shop.paths.warehouse.read_bytes()
    look(shop)
    assert shop.paths.warehouse.read_bytes() == before
    held = "import sys, duckdb; connection = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", held, str(shop.paths.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT) as task:
        assert task.stdout
        task.stdout.readline()
        shown = look(shop)
        assert task.stdin
        task.stdin.close()
    assert shown.mails
    assert [problem.what for problem in serious(shown)] == [
        "No people of the warehouse: warehouse: a task is writing to it. Try again."
    ]


def test_a_run_writes_its_page_and_freezes_nothing(shop: Stores, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "include.dispatch.preview.preview")
    shown = preview.preview_run(shop, loaded(), run="manual__1", edge_url=EDGE, account=AccountPace(), at=AT)
    assert shown["selected"] == 600
    assert shown["page"] == "previews/spring/manual-1.html"
    content = (shop.paths.root / shown["page"]).read_text()
    assert "would get it" in content
    assert not re.search(r"First\d|Last\d|person\d+@", content)
    assert plans.all_plans(shop.ledger) == []
    (said,) = [record.getMessage() for record in caplog.records if record.name == "include.dispatch.preview.preview"]
    assert str(shop.paths.root / shown["page"]) in said


@pytest.mark.parametrize("name", ["Jo", "Maximiliane", "Анна", "عبد", "山田", "Wilhelmina-Alexandrina", "", None])
def test_an_invented_name_has_the_length_and_direction_of_the_real_one(name: str | None) -> None:
    invented = invented_name(name)
    assert invented is None if name is None else len(invented or "") in (len(name), len(name) - 1)
    assert is_right_to_left(invented or "") == is_right_to_left(name or "")
    assert not name or len(name) < 9 or invented != name


def test_mail_arrives_in_the_zones_of_people() -> None:
    campaign = a_campaign(schedule="0 6 * * *", send_window=SendWindow(start=9, end=20), cost_per_thousand=2)
    people = {"Europe/Berlin": 500, "Asia/Tokyo": 300, "": 200}
    zones = [{"variant": "only", "zone": zone, "people": number // 2} for zone, number in people.items()] * 2
    shown = schedule(campaign, zones, AccountPace(), datetime(2026, 11, 24, 7, tzinfo=UTC))
    assert shown.due == datetime(2026, 11, 25, 6, tzinfo=UTC)
    assert {arrival.zone: f"{arrival.local:%H:%M}" for arrival in shown.arrivals} == {
        "Europe/Berlin": "09:00", "Asia/Tokyo": "15:00", "no time zone (UTC)": "09:00",
    }  # fmt: skip
    assert (shown.local_hours[9], shown.local_hours[15], sum(shown.local_hours)) == (700, 300, 1_000)
    assert shown.cost == 2


@pytest.mark.parametrize(
    ("account", "pace", "time", "limit"),
    [
        (AccountPace(), Pace(), timedelta(), ""),
        (AccountPace(messages_per_second=10), Pace(), timedelta(seconds=10_000), "the account's rate"),
        (AccountPace(messages_per_second=10), Pace(messages_per_second=5), timedelta(seconds=20_000), "the campaign's pace"),
        (AccountPace(daily_cap=40_000), Pace(), timedelta(days=2), "the account's daily limit"),
        (AccountPace(warmup_started_on=date(2026, 11, 25)), Pace(), timedelta(days=13), "the warm-up of the IP addresses"),
        (AccountPace(daily_cap=100), Pace(), None, "the account's daily limit"),
    ],
)  # fmt: skip
def test_sending_time_follows_the_tightest_limit(
    account: AccountPace, pace: Pace, time: timedelta | None, limit: str
) -> None:
    start = datetime(2026, 11, 25, tzinfo=UTC)
    found, why = sending_time(a_campaign(pace=pace), account, 100_000, start)
    assert why == limit
    assert found == time if time is None or found is None else abs(found - time) <= timedelta(days=1, hours=2)
    assert in_words(None) == "more than 60 days"


def test_one_variant_needs_no_name(shop: Stores) -> None:
    campaign = replace(look(shop), mails=()).campaign
    assert campaign is not None
    single = campaign.model_copy(update={"variants": (Variant(id="only"),)})
    shown = preview.preview_run(shop, single, run="manual__2", edge_url=EDGE, account=AccountPace(), at=AT)
    assert "variant only" not in (shop.paths.root / shown["page"]).read_text()


def test_the_people_that_an_experiment_needs_are_said_before_it_starts(shop: Stores) -> None:
    live = look(shop).live
    assert live
    (note,) = [note for note in live.notes if note.startswith("Experiment")]
    assert re.search(r"2\d\d people in the smallest variant\. At a click rate of 3\.0% \(a guess", note)
    assert "for a lift of 5% you need 207,909 people a variant" in note

    with open_warehouse(shop.paths) as warehouse:
        warehouse.execute(
            "create table marts.campaign_performance as "
            "select 'spring' as campaign, 1000 as delivered_tracked, 200 as human_clicks"
        )
    live = look(shop).live
    assert live
    (note,) = [note for note in live.notes if note.startswith("Experiment")]
    assert "At a click rate of 20.0% (as in its earlier mail)" in note


def test_a_preview_of_a_campaign_with_a_winner_tells_test_and_rest_apart(shop: Stores, campaign_file: Path) -> None:
    campaign_file.write_text(campaign_file.read_text() + "winner: {metric: human_click, test_percent: 20, after_hours: 6}\n")
    shown = look(shop)
    assert shown.live
    assert shown.as_if_due
    assert shown.live.people
    assert shown.as_if_due.rest.people == 600
    assert 60 < shown.live.people.rest.people < 180
    assert shown.live.notes[-1] == (
        "These people are the 20 % who test the variants; the rest gets the winner 6 hours later."
    )


@pytest.mark.browser
@pytest.mark.skipif(pictures.browser() is None, reason="Chromium is not on this machine (apt-get install chromium)")
def test_each_mail_has_a_picture_as_high_as_the_mail(tmp_path: Path) -> None:
    script = "<script>document.body.innerHTML = '<p style=height:900px>'</script>"
    short, tall = (f"<!doctype html><body style='margin:0'><div style='height:{height}px'></div>" for height in (200, 1_500))
    mails = [Mail("", "English", "", "Shop", "Subject", "", html, "", 0) for html in (short + script, tall)]
    taken = pictures.take_pictures(mails, tmp_path / "pictures")
    assert [file.name for file in taken] == ["mail-1.png", "mail-2.png"]
    sizes = [struct.unpack(">II", file.read_bytes()[16:24]) for file in taken]
    width = 2 * (640 + 375) + 5 * pictures.GAP
    assert sizes == [(width, 200 + 2 * pictures.GAP), (width, 1_500 + 2 * pictures.GAP)], "scripts do not run"


def test_without_chromium_the_page_says_that_there_are_no_pictures(
    shop: Stores, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = preview.preview_run(
        shop, loaded(), run="manual__3", edge_url=EDGE, account=AccountPace(), at=AT, with_pictures=True
    )
    content = (shop.paths.root / shown["page"]).read_text()
    assert "Chromium is not installed" in content
    assert "<iframe" in content
    assert ".png" not in content


PRODUCTS = (
    '<p>{% for each in products("recommended", 1) %}Liked: {{ each.name }}{% else %}Liked: nothing{% endfor %}</p>'
    "<p>{% personal %}{% if person.products.last_viewed %}Seen: {{ person.products.last_viewed[0].name }}"
    "{% else %}Seen: nothing{% endif %}{% endpersonal %}</p>"
)


def with_products(campaign_file: Path) -> None:
    body = campaign_file.parent.parent / "templates" / "spring" / "body.html.j2"
    body.write_text(body.read_text().replace("<p>{{ postal", PRODUCTS + "<p>{{ postal", 1))


def test_products_of_the_warehouse_are_shown(shop: Stores, campaign_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_products(campaign_file)
    with open_warehouse(shop.paths) as warehouse:
        warehouse.execute(
            "insert into core.activities (activity_id, subscriber_id, name, happened_at, properties) "
            """values ('a1', '7', 'page_view', $at, '{"product": "jazz-1"}')""", {"at": clock.now() - timedelta(days=1)}
        )  # fmt: skip
    shown = look(shop)
    assert all("Liked: Ellis Ward: The Granary Tapes" in mail.html for mail in shown.mails)
    named = look(shop, person="7")
    assert ["Seen: Ellis Ward" in mail.html for mail in named.mails] == [True] * len(named.mails)
    assert all("Seen: nothing" in mail.html for mail in look(shop, person="8").mails)


def test_without_a_warehouse_products_are_the_first_of_the_catalogue(campaign_file: Path) -> None:
    with_products(campaign_file)
    mails = look(None).mails
    assert all("Liked: Rust &amp; Lantern: Night Ferry" in mail.html for mail in mails)
    assert {"Seen: Ellis Ward: The Granary Tapes" in mail.html for mail in mails} == {True, False}


def test_the_values_of_a_dynamic_template_are_shown_and_what_is_not_checked_is_said(campaign_file: Path) -> None:
    text = campaign_file.read_text()
    template = "d-0123456789abcdef0123456789abcdef"
    changed = [line for line in text.splitlines() if not line.startswith("template:")]
    start = next(at for at, line in enumerate(changed) if line.startswith("variants:"))
    rest = next((at for at, line in enumerate(changed[start + 1 :], start + 1) if line[:1].isalpha()), len(changed))
    data = [f"dynamic_template: {template}", "dynamic_data: {hello: 'Dear {{ person.first_name | default(\"you\") }}'}"]
    campaign_file.write_text("\n".join([*changed[:start], *data, *changed[rest:]]))
    shown = look(None)
    assert shown.mails
    assert all(template in mail.html and "hello: Dear " in mail.html for mail in shown.mails)
    assert any("are not checked here" in problem.what for problem in shown.problems)
    assert not any(problem.severity == "error" for problem in shown.problems)
