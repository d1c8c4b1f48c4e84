"""Orchestration: connections, run modes, retries, broken campaign files, stores and triggers."""

from __future__ import annotations

import inspect
import runpy
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Param
from airflow.sdk.exceptions import DagRunTriggerException

from include.core.campaign_file import load_campaign
from include.core.errors import ConfigurationError, QualityStop, SourceUnavailable
from include.core.paths import PROJECT, DataPaths
from include.extract.combination import Combination
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.orchestration import configuration, forms, retries, runs, sends
from include.orchestration.tags import Tag
from include.orchestration.tasks import with_stores
from include.orchestration.triggers import TriggerRun

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
BROKEN = "id: broken\nname: Broken\nowner: crm\nsegment: 17\n"


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Connections stored in Airflow."""
    kept: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(configuration, "_stored", kept.get)
    return kept


def test_without_a_key_mail_goes_to_the_simulator_and_a_warning_is_logged(
    stored: dict[str, dict[str, Any]], paths: DataPaths, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TRADEWIND_SIMULATOR_PORT", "9182")
    for fields in (None, {"conn_type": "http", "host": "http://127.0.0.1:8082", "password": None}):
        stored.pop("sendgrid_default", None)
        if fields:
            stored["sendgrid_default"] = fields
        caplog.clear()
        assert configuration.account().host == "http://127.0.0.1:9182"
        assert "NO SENDGRID KEY" in caplog.text


def test_a_real_host_without_a_key_is_an_error(stored: dict[str, dict[str, Any]], paths: DataPaths) -> None:
    stored["sendgrid_default"] = {"conn_type": "http", "host": "https://api.sendgrid.com", "password": ""}
    with pytest.raises(ConfigurationError, match="password"):
        configuration.account()


def test_the_environment_takes_precedence_over_stored_connections(
    stored: dict[str, dict[str, Any]], paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored["sendgrid_default"] = {"conn_type": "http", "host": "https://stored.example", "password": "SG.stored"}
    stored["subscribers_source"] = {"conn_type": "sqlite", "host": "demo/shop.sqlite"}
    assert configuration.account().host == "https://stored.example"
    assert configuration.source_url() == f"sqlite:///{paths.root}/demo/shop.sqlite"
    monkeypatch.setenv(
        "AIRFLOW_CONN_SENDGRID_DEFAULT", '{"conn_type": "http", "host": "http://127.0.0.1:9", "password": "SG.x"}'
    )
    monkeypatch.setenv("AIRFLOW_CONN_SUBSCRIBERS_SOURCE", "postgresql://reader@db/shop")
    assert configuration.account().host == "http://127.0.0.1:9"
    assert configuration.source_url() == "postgresql://reader@db/shop"


def test_the_place_of_published_builds_is_one_connection(
    stored: dict[str, dict[str, Any]], paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert configuration.place() is None
    extra = '{"endpoint_url": "http://127.0.0.1:9", "region_name": "eu-west-1"}'
    stored["published_builds"] = {
        "conn_type": "aws", "host": "bucket", "schema": "shop", "login": "KEY", "password": "hushhush", "extra": extra,
    }  # fmt: skip
    place = configuration.place()
    assert place is not None
    assert place.location == "s3://bucket/shop"
    monkeypatch.setenv("AIRFLOW_CONN_PUBLISHED_BUILDS", "file:///mnt/analysts")
    place = configuration.place()
    assert place is not None
    assert place.location == "/mnt/analysts"


def test_several_sources_are_read_from_the_file_and_its_connections(
    stored: dict[str, dict[str, Any]], paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert configuration.source() == configuration.source_url()
    file = tmp_path / "sources.yaml"
    file.write_text("sources: {shop: {connection: subscribers_source}, crm: {connection: crm_source, mapping: crm}}")
    monkeypatch.setenv("TRADEWIND_SOURCES", str(file))
    with pytest.raises(ConfigurationError, match=r"crm_source.*AIRFLOW_CONN_CRM_SOURCE"):
        configuration.source()
    stored["crm_source"] = {"conn_type": "postgres", "host": "crm", "schema": "crm", "login": "reader"}
    sources = configuration.source()
    assert isinstance(sources, Combination)
    assert [one.url for one in sources.sources] == [configuration.source_url(), "postgresql://reader@crm/crm"]
    assert [one.mapping for one in sources.sources] == [None, tmp_path / "crm"]


def test_a_ledger_connection_stored_only_in_airflow_is_an_error(stored: dict[str, dict[str, Any]], paths: DataPaths) -> None:
    stored["ledger_default"] = {"conn_type": "sqlite", "host": "ledger/ledger.sqlite"}
    with configuration.stores() as stores:
        assert stores.ledger.is_sqlite
    stored["ledger_default"] = {"conn_type": "postgres", "host": "db", "schema": "ledger", "login": "tw", "password": "x"}
    with pytest.raises(ConfigurationError, match="AIRFLOW_CONN_LEDGER_DEFAULT"), configuration.stores():
        pass


@pytest.mark.parametrize(("run_type", "mode"), [("scheduled", "live"), ("manual", "preview"), ("backfill", "preview")])
def test_only_scheduled_runs_are_live_by_default(run_type: str, mode: str) -> None:
    assert runs.run_mode(SimpleNamespace(run_type=run_type), {"mode": "preview"}) == mode


def test_the_retry_policy_retries_transient_errors_with_increasing_delays() -> None:
    policy = retries.TransientErrors()
    assert policy.evaluate(QualityStop("no"), 1, 3).action.value == "fail"
    decisions = [policy.evaluate(SourceUnavailable("gone"), number, 9) for number in (1, 2, 3, 9)]
    assert {decision.action.value for decision in decisions} == {"retry"}
    delays = [decision.retry_delay for decision in decisions if decision.retry_delay]
    assert len(delays) == len(decisions)
    assert delays == sorted(delays)
    assert delays[0] < delays[-1]


def test_a_broken_campaign_file_shows_its_error_and_affects_no_other(
    campaign_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = (PROJECT / "include/campaigns/newsletter.yaml").read_text()
    (campaign_folder / "newsletter.yaml").write_text(good)
    (campaign_folder / "broken.yaml").write_text(BROKEN)
    (campaign_folder / "bad_schedule.yaml").write_text(good.replace("id: newsletter", "id: bad_schedule") + "\n")
    text = (campaign_folder / "bad_schedule.yaml").read_text()
    lines = ["schedule: whenever" if line.startswith("schedule:") else line for line in text.splitlines()]
    (campaign_folder / "bad_schedule.yaml").write_text("\n".join(lines))
    monkeypatch.setattr("include.core.campaign_file.campaign_names.__defaults__", (campaign_folder,))
    monkeypatch.setattr("include.core.campaign_file.load_campaign.__defaults__", (campaign_folder,))
    module = runpy.run_path(str(PROJECT / "dags" / "send_campaigns.py"))
    assert Tag.BROKEN not in module["send_newsletter"].tags
    assert Tag.BROKEN in module["send_broken"].tags
    assert "broken.yaml, line" in module["send_broken"].doc_md
    assert "whenever" in module["send_bad_schedule"].doc_md
    with pytest.raises(ConfigurationError, match=r"broken\.yaml, line"):
        module["send_broken"].tasks[0].python_callable()


def test_the_ledger_is_open_while_a_stores_task_runs_and_closed_afterwards(
    stored: dict[str, dict[str, Any]], paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    close = Ledger.close

    def closing(ledger: Ledger) -> None:
        steps.append("closed")
        close(ledger)

    monkeypatch.setattr(Ledger, "close", closing)

    def work(stores: Stores, what: str, dag_run: Any = None) -> str:
        """What it does."""
        with stores.ledger.read():
            steps.append(what)
        if what == "fail":
            raise QualityStop("no")
        return f"{what} {dag_run}"

    opened = with_stores(work)
    assert list(inspect.signature(opened).parameters) == ["what", "dag_run"], "Airflow does not pass the stores"
    assert opened.__doc__ == "What it does."
    assert opened("go", dag_run="r") == "go r"
    with pytest.raises(QualityStop):
        opened("fail")
    assert steps == ["go", "closed", "fail", "closed"]


def test_a_trigger_requests_a_new_run_with_its_conf_and_does_not_wait() -> None:
    conf = {"mode": "live", "occurrence": "2026-W48"}
    operator = TriggerRun(task_id="resend", trigger_dag_id="send_spring", conf=conf)
    requests = []
    for _ in range(2):
        with pytest.raises(DagRunTriggerException) as raised:
            operator.execute({})
        requests.append(raised.value)
    assert [(request.trigger_dag_id, request.conf) for request in requests] == [("send_spring", conf)] * 2
    assert requests[0].dag_run_id != requests[1].dag_run_id, "each plan needs a run"
    assert not any(request.wait_for_completion or request.reset_dag_run for request in requests)


def test_a_run_that_takes_people_back_is_started_once() -> None:
    due = [{"campaign": "spring", "occurrence": "2026-W48-freed1"}, {"campaign": "welcome__mail", "occurrence": "x"}]
    (arguments,) = sends.resume_triggers(due, once=True)
    requests = []
    for _ in range(2):
        with pytest.raises(DagRunTriggerException) as raised:
            TriggerRun(task_id="send_freed", **arguments).execute({})
        requests.append(raised.value)
    assert {request.dag_run_id for request in requests} == {"manual__2026-W48-freed1"}
    assert all(request.skip_when_already_exists for request in requests)


def test_only_activities_build_only_the_segments_that_read_them(paths: DataPaths) -> None:
    from include.orchestration import segments
    from include.orchestration.assets import ACTIVITIES, ENGAGEMENT

    def built(*changed: Any) -> set[str]:
        run = SimpleNamespace(run_id=f"run {len(changed)}", run_after=datetime(2026, 11, 29, tzinfo=UTC))
        return set(segments.build(run, changed))

    assert "abandoned_baskets" in built(ACTIVITIES)
    assert "loyal_customers" not in built(ACTIVITIES)
    assert {"abandoned_baskets", "loyal_customers"} <= built(ACTIVITIES, ENGAGEMENT) & built()


def test_forms_say_in_words_what_no_choice_means() -> None:
    """Airflow's form shows `null` for it otherwise."""
    choices = [*forms.journey_form().values(), *forms.send_form(load_campaign("winback")).values()]
    unchosen = [field for field in choices if None in field.get("enum", ())]
    assert [field["title"] for field in unchosen] == ["Mail", "Test: variant", "Test: language"]
    words = [Param(**field).schema["values_display"]["null"] for field in unchosen]
    assert words == ["none", "every variant", "that of each person"]
