"""Rules for all DAGs and tasks, and the list of DAGs."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Asset, AssetAny

from include.core.campaign_file import campaign_names, load_campaign
from include.core.errors import ConfigurationError
from include.core.paths import PROJECT, DataPaths
from include.orchestration import sends
from include.orchestration.tags import Pool, Tag

if TYPE_CHECKING:
    from airflow.sdk import DAG

FIXED_DAGS = {
    "audit",
    "ingest_subscribers",
    "build_segments",
    "collect_activities",
    "collect_engagement",
    "control_campaign",
    "nightly_analytics",
    "preview_journey",
    "privacy_requests",
    "retention",
    "run_journeys",
}
OUTSIDE_WAREHOUSE_POOL = {
    "extract.land", "announce", "publish.read_back", "publish.report", "dispatch.send_range", "dispatch.settle",
    "dispatch.start", "dispatch.approve_late_start", "dispatch.send_report", "dispatch.doubt.ask", "dispatch.doubt.decide",
    "dispatch.doubt.resend", "collect.look",
    "next_run", "continue_send", "resend", "send_rest", "send_freed", "suppress", "erase_files", "erase_at_sendgrid",
    "record", "ask", "pack_spool",
}  # fmt: skip


def test_the_list_of_dags(dags: dict[str, DAG]) -> None:
    assert set(dags) == FIXED_DAGS | {f"send_{name}" for name in campaign_names()}


def test_every_dag_documents_purpose_inputs_outputs_and_triage(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        for word in ("Purpose", "Inputs", "Outputs", "Triage"):
            assert f"**{word}.**" in (dag.doc_md or ""), (dag.dag_id, word)


def test_tags_are_from_the_enum_and_tasks_have_owners(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        assert dag.tags, dag.dag_id
        assert set(dag.tags) <= set(Tag), dag.dag_id
        assert Tag.BROKEN not in dag.tags, dag.dag_id
        for task in dag.tasks:
            assert task.owner not in ("", "airflow"), task


def test_every_task_has_a_doc_and_the_retry_policy(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            assert task.doc_md, f"{dag.dag_id}.{task.task_id}"
            assert task.has_retry_policy, f"{dag.dag_id}.{task.task_id}"
            assert task.retry_delay <= timedelta(seconds=15), "a killed process is replaced soon"


def test_every_task_that_opens_the_warehouse_is_in_its_pool(dags: dict[str, DAG]) -> None:
    outside = {task.task_id for dag in dags.values() for task in dag.tasks if task.pool != Pool.WAREHOUSE}
    assert outside == OUTSIDE_WAREHOUSE_POOL
    assert {task.pool for dag in dags.values() for task in dag.tasks} <= {*Pool, "default_pool"}


def test_only_tasks_that_send_are_in_the_pool_sendgrid(dags: dict[str, DAG]) -> None:
    sending = {(dag.dag_id, task.task_id) for dag in dags.values() for task in dag.tasks if task.pool == Pool.SENDGRID}
    mailing = {name for name in dags if name.startswith("send_")} | {"run_journeys", "preview_journey"}
    report = ("nightly_analytics", "dispatch.send_report")
    assert sending == {*((name, "dispatch.send_range") for name in mailing), report}


def test_dags_have_no_cycle_no_catch_up_and_one_run_at_a_time(dags: dict[str, DAG]) -> None:
    on_a_date = {f"send_{name}" for name in campaign_names() if load_campaign(name).one_date}
    for dag in dags.values():
        dag.check_cycle()
        assert dag.max_active_runs == (16 if dag.dag_id == "control_campaign" else 1), dag.dag_id
        assert dag.catchup is (dag.dag_id in on_a_date), f"{dag.dag_id}: a missed date is made up, and nothing else"
        assert dag.start_date is None or dag.dag_id in on_a_date, (
            f"{dag.dag_id}: a start date would start a run at once when it is unpaused"
        )


def test_top_level_task_groups_are_stages(dags: dict[str, DAG]) -> None:
    stages = {"extract", "validate", "segment", "dispatch", "collect", "analyze", "publish"}
    found = {name.split(".")[0] for dag in dags.values() for name in dag.task_group_dict if name}
    assert found == stages


def test_manual_sends_preview_by_default_and_reject_addresses(dags: dict[str, DAG]) -> None:
    for name in campaign_names():
        params = dags[f"send_{name}"].params
        assert params["mode"] == "preview"
        assert params.get_param("mode").schema["enum"] == ["preview", "test", "live"]
        seeds = params.get_param("seeds").schema
        assert "anna" in seeds["examples"], "the form offers the names of the team"
        assert re.match(seeds["items"]["pattern"], "anna")
        assert not re.match(seeds["items"]["pattern"], "somebody@example.com")
        assert "@" not in str(seeds["examples"])
    assert dags["send_winback"].params.get_param("variant").schema["enum"] == [None, "quiet", "offer"]
    assert dags["send_winback"].params.get_param("locale").schema["enum"] == [None, "en", "de", "fr"]


def test_the_task_that_plans_has_a_button_for_its_preview(dags: dict[str, DAG], paths: DataPaths) -> None:
    task: Any = dags["send_newsletter"].get_task("dispatch.plan")
    (link,) = task.operator_extra_links
    run: Any = SimpleNamespace(run_id="manual__2026-11-29T08:00:00+00:00")
    assert link.name == "Preview"
    assert link.get_link(task, ti_key=run) == "", "a live run has no page"
    page = paths.previews / "newsletter" / "manual-2026-11-29T08-00-00-00-00.html"
    page.parent.mkdir(parents=True)
    page.write_text("<title>Preview</title>")
    assert link.get_link(task, ti_key=run) == f"/tradewind/previews/newsletter/{page.name}"


def test_the_mail_of_a_journey_is_previewed_or_tested_by_a_form(dags: dict[str, DAG], paths: DataPaths) -> None:
    dag = dags["preview_journey"]
    assert dag.params.get_param("mode").schema["enum"] == ["preview", "test"]
    assert "abandoned_basket.last_call" in dag.params.get_param("mail").schema["enum"]
    assert sends.chosen_mail({"mail": "abandoned_basket.last_call"}) == "abandoned_basket__last_call"
    with pytest.raises(ConfigurationError, match="there is no campaign ''"):
        sends.chosen_mail({"mail": None})
    page = paths.previews / "abandoned_basket__last_call" / "manual-1.html"
    page.parent.mkdir(parents=True)
    page.write_text("<title>Preview</title>")
    task: Any = dag.get_task("dispatch.plan")
    (link,), run = task.operator_extra_links, SimpleNamespace(run_id="manual__1")
    assert link.get_link(task, ti_key=run) == f"/tradewind/previews/abandoned_basket__last_call/{page.name}"


def test_send_range_is_mapped_and_followed_by_settle(dags: dict[str, DAG]) -> None:
    for name in campaign_names():
        dag = dags[f"send_{name}"]
        assert dag.get_task("dispatch.send_range").is_mapped
        assert dag.get_task("dispatch.settle").upstream_task_ids == {"dispatch.send_range"}
        assert dag.get_task("dispatch.settle").trigger_rule == "none_failed"


def test_sends_are_recorded_after_suppressions_and_resolved_doubt(dags: dict[str, DAG]) -> None:
    upstream = dags["collect_engagement"].get_task("record_sends").upstream_task_ids
    assert upstream == {"collect.suppress", "collect.resolve_doubt"}
    sync, withhold = (dags["collect_engagement"].get_task(f"collect.{name}") for name in ("sync_suppressions", "withhold"))
    assert sync.downstream_task_ids == {"collect.withhold"}, "earlier entries are the people's own"
    assert withhold.downstream_task_ids == set(), "a provider without suppression lists fails only these tasks"
    assert withhold.trigger_rule == "all_success", "a list that could not be read shows in the run"


def test_assets_connect_the_dags(dags: dict[str, DAG]) -> None:
    outlets = {asset.name: dag.dag_id for dag in dags.values() for task in dag.tasks for asset in task.outlets}
    assert outlets["subscribers"] == "ingest_subscribers"
    assert outlets["engagement"] == "collect_engagement"
    assert outlets["analytics"] == "nightly_analytics"
    assert outlets["activities"] == "collect_activities"
    condition = dags["build_segments"].timetable.asset_condition
    assert isinstance(condition, AssetAny)
    wanted = {asset.name for asset in condition.objects if isinstance(asset, Asset)}
    assert wanted == {"subscribers", "engagement", "activities"}


def test_a_posted_activity_reaches_the_segments_within_two_minutes(dags: dict[str, DAG]) -> None:
    """Loaded every minute, before other tasks that wait for the warehouse; then the segments are built."""
    dag = dags["collect_activities"]
    assert getattr(dag.timetable, "_expression", getattr(dag.timetable, "expression", "")) == "* * * * *"
    others = [other for other in dags.values() if other not in (dag, dags["run_journeys"])]
    assert {task.priority_weight for other in others for task in other.tasks} == {1}
    heaviest = max(len(other.tasks) for other in others)  # a task's weight and those of the tasks after it are summed
    assert dag.get_task("collect.load").priority_weight > heaviest


def test_a_posted_activity_reaches_the_journeys_within_two_minutes(dags: dict[str, DAG]) -> None:
    """Journeys run every minute and when activities were loaded, and wait for the warehouse only behind the load."""
    dag = dags["run_journeys"]
    condition = dag.timetable.asset_condition
    assert isinstance(condition, AssetAny)
    wanted = {asset.name for asset in condition.objects if isinstance(asset, Asset)}
    assert wanted == {"subscribers", "activities"}
    advance = dag.get_task("dispatch.advance")
    following = sum(task.priority_weight for task in dag.tasks if task is not advance)
    assert advance.priority_weight + following < dags["collect_activities"].get_task("collect.load").priority_weight
    assert dag.get_task("dispatch.settle").trigger_rule == "none_failed_min_one_success"


def test_assets_are_created_in_one_file_only() -> None:
    creators = [
        path.relative_to(PROJECT).as_posix()
        for folder in ("dags", "include", "plugins", "operations")
        for path in (PROJECT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Asset"
    ]
    assert set(creators) == {"include/orchestration/assets.py"}


def test_the_ingest_form_lists_all_table_rules(dags: dict[str, DAG]) -> None:
    from data_quality.catalogue import groups

    accept = dags["ingest_subscribers"].params.get_param("accept")
    assert accept.value == []
    assert accept.schema["items"]["enum"] == [*groups()["batch"], *groups()["drift"]]


def test_warnings_are_alerted_after_the_merge(dags: dict[str, DAG]) -> None:
    """The alert says that the rest of the batch was merged, which is not true after a stop."""
    warn = dags["ingest_subscribers"].get_task("validate.warn")
    assert (warn.upstream_task_ids, warn.trigger_rule) == ({"validate.merge"}, "all_success")


def test_nothing_is_published_before_the_marts_are_checked(dags: dict[str, DAG]) -> None:
    dag = dags["nightly_analytics"]
    check = dag.get_task("analyze.check")
    assert check.upstream_task_ids == {"analyze.reconcile"}
    assert "publish.file" in check.downstream_task_ids
    assert dag.get_task("publish.file").trigger_rule == "all_success"


def test_each_stage_is_checked_where_it_ends(dags: dict[str, DAG]) -> None:
    assert dags["build_segments"].get_task("validate.segments").upstream_task_ids == {"segment.build"}
    assert dags["send_newsletter"].get_task("dispatch.check").upstream_task_ids == {"dispatch.record"}
    assert dags["collect_engagement"].get_task("check_events").upstream_task_ids == {"announce"}
