"""A name that looks like a template is treated as missing, as the accepted request bodies show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.core import template_names
from include.core.paths import DataPaths
from include.dispatch.plan import freeze
from include.dispatch.send import sender
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.campaign import a_campaign
from tests.dispatch.populate import populate
from tests.dispatch.scripted_esp import ScriptedEsp

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
FILES = {
    "subject.txt.j2": 'News for {{ person.first_name | default("a friend") }}',
    "preheader.txt.j2": "What is new",
    "body.html.j2": (
        '<html lang="en"><body><p>Dear {{ person.first_name | default("friend") }}</p>'
        '<p>Family {{ person.last_name | title | default("of ours") }}</p>'
        '<p>You like {{ person.attributes.genre | default("music") }}</p>'
        "{% personal %}{% if person.last_name %}<p>House of {{ person.last_name }}</p>{% endif %}{% endpersonal %}"
        '<p>{{ postal_address }}</p><a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>'
    ),
    "body.txt.j2": 'Dear {{ person.first_name | default("friend") }}\n{{ postal_address }}\n{{ unsubscribe_url }}',
}
ODD: list[tuple[str | None, str | None, str]] = [
    ("{{ 7 * 7 }}", "*|LNAME|*", '{"genre": "${x}", "shoe": 42}'),
    ("%FNAME%", "{name}", r'{"genre": "\u007b\u007bx\u007d\u007d"}'),
    ("<b>Ada</b>", "[[name]]", '{"genre": ["jazz", "<%= y %>"]}'),
    ("D'Angelo {Bob}", "O'Brien", '{"genre": "drum & bass {live}"}'),
    (None, None, "{}"),
]


@pytest.fixture
def said(stores: Stores, esp: ScriptedEsp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sends to the people of ODD; returns for each the subject and contents of their message in one text."""
    folder = tmp_path / "templates" / "spring"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.setenv("TRADEWIND_TEMPLATES", str(folder.parent))
    populate(stores.paths, 1_500)
    with open_warehouse(stores.paths) as warehouse:
        for number, (first, last, attributes) in enumerate(ODD):
            key = str(number)
            warehouse.execute(
                "update core.identities set first_name = ?, last_name = ? where subscriber_id = ?", [first, last, key]
            )
            warehouse.execute("update core.subscribers set attributes = ? where subscriber_id = ?", [attributes, key])

    def mails() -> list[str]:
        campaign = a_campaign(segment="newsletter_readers")
        edge = "https://mail.tradewind.example"
        frozen = freeze.freeze(stores, campaign, occurrence="once", edge_url=edge, at=AT)
        for part in sender.ranges(stores.ledger, frozen["plan_id"]):
            sender.send_range(stores, esp.account, **part)
        assert sum(esp.taken.values()) == 1_500
        return [_shown(esp, number) for number in range(len(ODD))]

    return mails


def _shown(esp: ScriptedEsp, number: int) -> str:
    """Subject and contents of one person's message as SendGrid would deliver it."""
    for body in esp.bodies:
        for person in body["personalizations"]:
            if person["to"][0]["email"].startswith(f"person{number}@"):
                text = "\n".join([body["subject"], *(part["value"] for part in body["content"])])
                for tag, value in person["substitutions"].items():
                    text = text.replace(tag, value)
                return text
    raise AssertionError(f"person {number} got nothing")


def test_by_default_a_template_in_a_name_counts_as_missing(said: Any) -> None:
    *templates, awkward, nobody = said()
    for shown in (*templates, nobody):
        assert "News for a friend" in shown
        assert "<p>Dear friend</p>" in shown
        assert "Family of ours" in shown
        assert "You like music" in shown
        assert "House of" not in shown
    assert "News for D'Angelo {Bob}" in awkward
    assert "House of O&#39;Brien" in awkward
    assert "drum &amp; bass {live}" in awkward


def test_with_the_policy_keep_names_are_printed_literally(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(template_names.SETTING, "keep")
    first, second, third, *_ = said()
    assert "News for {{ 7 * 7 }}" in first
    assert "News for %FNAME%" in second
    assert "&lt;b&gt;Ada&lt;/b&gt;" in third


def test_the_warehouse_keeps_the_values_of_the_source(said: Any, paths: DataPaths) -> None:
    said()
    with open_warehouse(paths) as warehouse:
        rows = warehouse.execute(
            "select first_name, last_name from core.identities order by subscriber_id::int limit 5"
        ).fetchall()
        (attributes,) = warehouse.execute("select attributes from core.subscribers where subscriber_id = '0'").fetchall()[0]
    assert rows == [(first, last) for first, last, _ in ODD]
    assert json.loads(attributes)["genre"] == "${x}"
