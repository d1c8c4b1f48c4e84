"""The nightly report by mail: what addressees find in the simulator's inbox, once a day, with the figures of the marts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError, PlanError
from include.core.keys import address_key
from include.core.pace import AccountPace
from include.core.secrets import Secrets
from include.core.seeds import load_nightly_report
from include.dispatch.account.record import record_sends
from include.dispatch.report_mail.mail import freeze_report, send_report
from include.ledger import plans, suppressions
from include.ledger.counts import PeopleByState
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.publish.file import publish
from include.publish.report_figures import write_figures
from include.warehouse.connection import open_warehouse
from tests.dispatch.test_plan import AT, EDGE
from tests.publish.conftest import marts, small_warehouse  # noqa: F401  (fixtures)
from tests.running_simulator import RunningSimulator

CONSOLE = "https://airflow.example/tradewind/console"
TEAM = """
seeds:
  anna: {address: anna@team.example.com}
  bert: {address: bert@team.example.com, locale: de}
  left: {address: left@team.example.com}
nightly_report:
  to: [anna, bert, anna]
  sender: {email: reports@shop.example.com, name: Shop}
  postal_address: 1 Harbour Street, 20457 Hamburg, Germany
"""
DAY = date(2026, 11, 24)


@pytest.fixture
def ledger(paths: object, secrets: Secrets, tmp_path: Path) -> Iterator[Ledger]:
    """SQLite only: the sender's statements are tested on both."""
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", secrets)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """One simulator for all tests."""
    started = RunningSimulator(tmp_path_factory.mktemp("simulator"), no_recipients=True)
    yield started
    started.stop()


@pytest.fixture
def simulator(running: RunningSimulator) -> RunningSimulator:
    """A simulator that received nothing yet."""
    running.reset()
    return running


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the team, of whom two get the report."""
    file = tmp_path / "team.yaml"
    file.write_text(TEAM)
    monkeypatch.setenv("TRADEWIND_SEED_ADDRESSES", str(file))
    return file


@pytest.fixture
def night(stores: Stores, marts: Any, team: Path) -> Stores:  # noqa: F811
    """The sample marts, published, with the figures beside the file."""
    publish(stores.paths)
    assert write_figures(stores.paths) == "published/report_figures.json"
    return stores


def frozen(stores: Stores, account: SendGridAccount, day: date = DAY) -> str | None:
    return freeze_report(stores, account, day=day, edge_url=EDGE, console=CONSOLE, at=AT)


def run(stores: Stores, simulator: RunningSimulator, day: date = DAY) -> PeopleByState:
    """What the tasks of a night do."""
    account = SendGridAccount(simulator.base_url, simulator.key)
    plan_id = frozen(stores, account, day)
    assert plan_id
    return send_report(stores, account, plan_id, AccountPace())


def inbox(simulator: RunningSimulator) -> list[dict[str, Any]]:
    """Every mail that was received, with its text and HTML parts."""
    rows = simulator.get("/inbox.json", q="@team.example.com")["messages"]
    return [row | simulator.get(f"/inbox/{row['seq']}.json") for row in rows]


def published(stores: Stores, query: str) -> tuple[Any, ...]:
    with duckdb.connect(str(stores.paths.published / "analytics.duckdb"), read_only=True) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row


def test_each_addressee_gets_one_report_a_day_with_the_figures_of_the_marts(
    night: Stores, simulator: RunningSimulator
) -> None:
    assert run(night, simulator)["accepted"] == 2
    write_figures(night.paths)
    assert run(night, simulator)["accepted"] == 2, "the task was cleared, with figures that are newer"
    assert run(night, simulator, date(2026, 11, 25))["accepted"] == 2
    mails = inbox(simulator)
    assert sorted((mail["to"], mail["subject"].partition(":")[0]) for mail in mails) == [
        (f"{name}@team.example.com", f"Nightly report, {day} November 2026") for name in ("anna", "bert") for day in (24, 25)
    ]
    accepted, opened = published(
        night,
        "select sum(accepted)::bigint, sum(human_opens) / sum(delivered_tracked) from marts.campaign_performance "
        "where planned_at >= (select max(planned_at) - interval 30 day from marts.campaign_performance)",
    )
    for mail in mails:
        for part in (mail["text"], mail["html"]):
            assert f"{accepted:,}" in part
            assert f"{opened * 100:.1f}" in part
            assert "1 Harbour Street" in part
        assert f'href="{CONSOLE}/overview"' in mail["html"]
        assert "prefers-color-scheme: dark" in mail["html"]


def test_a_report_is_in_no_figure(night: Stores, simulator: RunningSimulator) -> None:
    run(night, simulator)
    record_sends(night)
    with open_warehouse(night.paths) as warehouse:
        assert warehouse.execute("select count(*) from dispatch.plans where campaign = 'nightly_report'").fetchone() == (0,)
    assert [mail["campaign"] for mail in inbox(simulator)] == ["test", "test"]
    assert [plan.kind for plan in plans.all_plans(night.ledger, plans.TEST)] == [plans.TEST]
    text = night.paths.report_figures.read_text()
    assert "@" not in text


def test_without_addressees_nothing_is_planned(night: Stores, team: Path) -> None:
    team.write_text(TEAM.replace("to: [anna, bert, anna]", "to: []"))
    assert load_nightly_report() is None
    assert frozen(night, SendGridAccount("http://127.0.0.1:9", "SG.x")) is None
    team.write_text(TEAM.partition("nightly_report")[0])
    assert frozen(night, SendGridAccount("http://127.0.0.1:9", "SG.x")) is None
    assert plans.all_plans(night.ledger, plans.TEST) == []


def test_who_is_suppressed_gets_no_report_and_the_others_do(night: Stores, simulator: RunningSimulator) -> None:
    keys = {name: address_key(night.secrets.address_key, f"{name}@team.example.com") for name in ("anna", "bert")}
    suppressions.suppress(night.ledger, [suppressions.Suppression(keys["anna"], "hard_bounce", "test", 1.0)])
    assert run(night, simulator)["accepted"] == 1
    assert [mail["to"] for mail in inbox(simulator)] == ["bert@team.example.com"]
    suppressions.suppress(night.ledger, [suppressions.Suppression(keys["bert"], "hard_bounce", "test", 1.0)])
    assert frozen(night, SendGridAccount(simulator.base_url, simulator.key), date(2026, 11, 26)) is None


def test_missing_figures_stop_the_mail_before_anything_is_frozen(night: Stores) -> None:
    night.paths.report_figures.unlink()
    with pytest.raises(PlanError, match=r"the figures of the report cannot be read.*publish\.report"):
        frozen(night, SendGridAccount("http://127.0.0.1:9", "SG.x"))
    assert plans.all_plans(night.ledger, plans.TEST) == []


def test_a_name_that_is_no_seed_is_refused_with_its_line(team: Path) -> None:
    team.write_text(TEAM.replace("[anna, bert, anna]", "[ana]"))
    with pytest.raises(ConfigurationError, match=r"team\.yaml, line \d+.*Did you mean anna") as error:
        load_nightly_report()
    assert "@" not in str(error.value)


def test_findings_and_campaigns_of_the_day_are_named(
    stores: Stores,
    marts: Any,  # noqa: F811
    team: Path,
    simulator: RunningSimulator,
) -> None:
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(
            "update marts.campaign_performance set planned_at = ? where occurrence = '2026-W48'",
            [clock.now() - timedelta(hours=1)],
        )
        warehouse.execute("update marts.reconciliation set holds = false, must_hold = true")
    publish(stores.paths)
    write_figures(stores.paths)
    run(stores, simulator)
    for mail in inbox(simulator):
        assert " to look at" in mail["subject"]
        for part in (mail["text"], mail["html"]):
            assert "newsletter 2026-W48" in part
            assert "✗ broken" in part
        assert f'href="{CONSOLE}/campaign?run=newsletter%2F2026-W48"' in mail["html"]
