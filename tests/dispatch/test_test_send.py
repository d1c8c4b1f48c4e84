"""Test sends: to people of the team by name, marked, with links that change nothing, and without a trace in any figure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.core.errors import ConfigurationError, PlanError
from include.core.keys import address_key
from include.core.secrets import Secrets
from include.core.seeds import load_seeds
from include.core.token import CONFIRM, TEST, UNSUBSCRIBE, verify
from include.dispatch.account import record
from include.dispatch.plan import freeze
from include.dispatch.preview.test_send import SeedChoice, freeze_test
from include.dispatch.send import sender
from include.ledger import consent, plans, suppressions
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from operations.check import check
from operations.check import team as team_file
from tests.dispatch.populate import populate
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_confirmation import request_edge
from tests.dispatch.test_plan import AT, EDGE
from tests.dispatch.test_preview import campaign_file, loaded  # noqa: F401  (the fixture)

SEEDS = """
seeds:
  anna: {address: Anna@example.com, locale: de}
  bert: {address: bert@example.com, locale: fr, subscriber: "7"}
  emptiest: {address: anna+empty@example.com, person: emptiest}
  nobody: {address: n@example.com, subscriber: unknown}
"""


@pytest.fixture
def ledger(paths: object, secrets: Secrets, tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite'}", secrets)
    yield opened
    opened.close()


@pytest.fixture
def team(campaign_file: Path, stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stores:  # noqa: F811
    """100 subscribers and four seeds."""
    (tmp_path / "seeds.yaml").write_text(SEEDS)
    monkeypatch.setenv("TRADEWIND_SEED_ADDRESSES", str(tmp_path / "seeds.yaml"))
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DEFAULT", f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite'}")
    populate(stores.paths, 100)
    return stores


def sent_to(stores: Stores, esp: ScriptedEsp, *seeds: str, run: str = "r", **choice: str) -> list[dict[str, Any]]:
    """The messages that SendGrid accepted: the personalization with the subject, categories and tracking of its request."""
    planned = freeze_for(stores, *seeds, run=run, **choice)
    for part in sender.ranges(stores.ledger, planned["plan_id"]):
        sender.send_range(stores, esp.account, **part)
    return [{**body, **one} for body in esp.bodies for one in body["personalizations"]]


def freeze_for(stores: Stores, *seeds: str, run: str = "r", **choice: str) -> freeze.FrozenPlan:
    return freeze_test(stores, loaded(), SeedChoice(seeds, **choice), run=run, edge_url=EDGE, at=AT)


def subject_of(message: dict[str, Any]) -> str:
    text = str(message["subject"])
    for tag, value in message["substitutions"].items():
        text = text.replace(tag, value)
    return text


def test_each_seed_gets_every_variant_in_its_language_marked_and_untracked(team: Stores, esp: ScriptedEsp) -> None:
    messages = sent_to(team, esp, "anna", "bert")
    assert sorted((one["to"][0]["email"], subject_of(one)) for one in messages) == [
        ("Anna@example.com", "[TEST] Neues für Ada"),
        ("Anna@example.com", "[TEST] Only for Ada"),
        ("bert@example.com", "[TEST] News for Amelia"),
        ("bert@example.com", "[TEST] Only for Amelia"),
    ], "bert's values are those of a subscriber, whose name is not sent"
    assert {str(one["tracking_settings"]["click_tracking"]["enable"]) for one in messages} == {"False"}
    assert {tuple(one["categories"]) for one in messages} == {("test",)}, "SendGrid's figures of the campaign leave it out"
    assert {uuid.UUID(one["custom_args"]["tw_key"]).version for one in messages} == {8}


def test_variant_and_language_can_be_chosen(team: Stores, esp: ScriptedEsp) -> None:
    (message,) = sent_to(team, esp, "anna", variant="plain", locale="en")
    assert subject_of(message) == "[TEST] News for Ada"


def test_a_test_leaves_no_trace_in_figures_and_hinders_no_send(team: Stores, esp: ScriptedEsp) -> None:
    before = {one["to"][0]["email"] for one in sent_to(team, esp, "anna")}
    record.record_sends(team)
    with open_warehouse(team.paths) as warehouse:
        assert warehouse.execute(
            "select (select count(*) from dispatch.sends), count(*) from dispatch.plans"
        ).fetchall() == [(0, 0)]
    assert before == {"Anna@example.com"}
    live = freeze.freeze(team, loaded(), occurrence="2026-W48", edge_url=EDGE, at=AT)
    assert (live["selected"], live["capped"]) == (100, 0)
    again = freeze_for(team, "anna")
    assert (again["found"], again["pending"]) == (True, 0), "a retry of the run sends nothing twice"


def links_of(message: dict[str, Any]) -> set[str]:
    found = re.findall(
        r"https://mail\.tradewind\.example/[^\s\"<>]+", str(message["substitutions"]) + str(message["headers"])
    )
    return {link.removeprefix(EDGE).split("'")[0] for link in found}


def test_no_link_of_a_test_changes_anything(team: Stores, esp: ScriptedEsp) -> None:
    (message,) = sent_to(team, esp, "anna", variant="plain")
    links = links_of(message)
    assert links
    token = message["headers"]["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
    assert verify(team.secrets, token, TEST)
    assert not any(verify(team.secrets, token, purpose) for purpose in (UNSUBSCRIBE, CONFIRM))
    for path in {*links, f"/u/{token}", f"/preferences/{token}", f"/confirm/{token}"}:
        page = request_edge("GET", f"{EDGE}{path}", headers={"Accept-Language": "en"})
        assert page.status_code == 200
        assert "test mail" in page.text or "Testmail" in page.text
    for path, form in (
        (f"/u/{token}", {"List-Unsubscribe": "One-Click"}),
        (f"/preferences/{token}", {"action": "stop_all"}),
        (f"/confirm/{token}", {"action": "confirm"}),
    ):
        assert request_edge("POST", f"{EDGE}{path}", data=form).status_code == 200
    assert (
        suppressions.reasons_in_force(team.ledger, address_key(team.secrets.address_key, "anna@example.com")) == frozenset()
    )
    with team.ledger.read() as connection:
        assert consent.last_seq(connection) == 0


@pytest.mark.parametrize(
    ("seeds", "choice", "said"),
    [
        ([], {}, "Choose names of seeds.yaml: anna, bert, emptiest, nobody."),
        (["ana"], {}, r"seeds.yaml has no 'ana'. Did you mean anna\?"),
        (["anna@example.com"], {}, "seeds: names an address."),
        (["nobody"], {}, "the subscriber of nobody does not exist"),
        (["anna"], {"variant": "plane"}, "Did you mean plain?"),
        (["anna"], {"locale": "it"}, "has no locale 'it'"),
    ],
)
def test_what_cannot_be_sent_to_is_named(team: Stores, seeds: list[str], choice: dict[str, str], said: str) -> None:
    with pytest.raises(PlanError, match=said) as error:
        freeze_for(team, *seeds, **choice)
    assert "@" not in str(error.value)
    assert plans.all_plans(team.ledger, plans.TEST) == []


def test_a_suppressed_seed_is_named_without_its_address(team: Stores) -> None:
    key = address_key(team.secrets.address_key, "anna@example.com")
    suppressions.suppress(team.ledger, [suppressions.Suppression(key, "hard_bounce", "test", 1.0)])
    with pytest.raises(PlanError, match=r"the address of anna is suppressed \(hard_bounce\)") as error:
        freeze_for(team, "bert", "anna")
    assert "@" not in str(error.value)


@pytest.mark.parametrize("line", ["anna: {address: no address}", "anna: {address: a@example.com, locale: '!'}", "A: {}"])
def test_an_error_in_the_file_names_its_line_and_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (tmp_path / "seeds.yaml").write_text(f"seeds:\n  {line}\n")
    monkeypatch.setenv("TRADEWIND_SEED_ADDRESSES", str(tmp_path / "seeds.yaml"))
    with pytest.raises(ConfigurationError, match=r"seeds\.yaml, line [12]") as error:
        load_seeds()
    assert "@" not in str(error.value)
    assert "no address" not in str(error.value)
    findings = check([team_file])
    assert [finding.path.name for finding in findings] == ["seeds.yaml"] * len(findings) != []


def test_the_file_of_the_repository_names_no_real_person() -> None:
    assert {seed.address.partition("@")[2] for seed in load_seeds().values()} == {"example.com"}
