"""What every DAG and task must have, and which DAGs there are."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import Asset, AssetAny

from include.core.campaign import campaign_names
from include.core.paths import PROJECT
from include.orchestration.tags import Pool, Tag

if TYPE_CHECKING:
    from airflow.sdk import DAG

STEADY = {"ingest_subscribers", "build_segments", "collect_engagement", "nightly_analytics"}
OPENS_NO_WAREHOUSE = {
    "extract.land", "announce", "publish.read_back", "publish.report", "dispatch.send_range", "dispatch.settle",
    "dispatch.start", "dispatch.approve_late_start", "dispatch.doubt.ask", "dispatch.doubt.decide",
    "dispatch.doubt.resend", "resend",
}  # fmt: skip


def test_exactly_these_dags(dags: dict[str, DAG]) -> None:
    assert set(dags) == STEADY | {
        "send_newsletter", "send_winback", "send_welcome", "send_confirm", "send_confirm_reminder",
    }  # fmt: skip
    assert {f"send_{name}" for name in campaign_names()} == set(dags) - STEADY


def test_every_dag_says_what_it_is_for(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        for word in ("Purpose", "Inputs", "Outputs", "Triage"):
            assert f"**{word}.**" in (dag.doc_md or ""), (dag.dag_id, word)


def test_tags_come_from_the_enum_and_owners_are_named(dags: dict[str, DAG]) -> None:
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
            assert task.retry_delay <= timedelta(seconds=15), "a process that was killed is soon replaced"


def test_every_task_that_opens_the_warehouse_is_in_its_pool(dags: dict[str, DAG]) -> None:
    outside = {task.task_id for dag in dags.values() for task in dag.tasks if task.pool != Pool.WAREHOUSE}
    assert outside == OPENS_NO_WAREHOUSE
    assert {task.pool for dag in dags.values() for task in dag.tasks} <= {*Pool, "default_pool"}


def test_only_send_range_is_in_the_pool_sendgrid(dags: dict[str, DAG]) -> None:
    sending = {(dag.dag_id, task.task_id) for dag in dags.values() for task in dag.tasks if task.pool == Pool.SENDGRID}
    assert sending == {(name, "dispatch.send_range") for name in dags if name.startswith("send_")}


def test_no_dag_has_a_cycle_and_none_runs_twice_at_once(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        dag.check_cycle()
        assert dag.max_active_runs == 1, dag.dag_id
        assert dag.catchup is False, dag.dag_id
        assert dag.start_date is None, f"{dag.dag_id}: a start date would start a run at once when it is unpaused"


def test_stages_are_the_first_task_groups(dags: dict[str, DAG]) -> None:
    stages = {"extract", "validate", "segment", "dispatch", "collect", "analyze", "publish"}
    found = {name.split(".")[0] for dag in dags.values() for name in dag.task_group_dict if name}
    assert found == stages


def test_manual_sends_preview_and_refuse_addresses(dags: dict[str, DAG]) -> None:
    for name in campaign_names():
        params = dags[f"send_{name}"].params
        assert params["mode"] == "preview"
        assert params.get_param("mode").schema["enum"] == ["preview", "test", "live"]
        pattern = params.get_param("test_recipients").schema["items"]["pattern"]
        assert re.match(pattern, "CDNOW-00001")
        assert not re.match(pattern, "somebody@example.com")


def test_a_send_is_mapped_over_ranges_and_ends_in_the_sums(dags: dict[str, DAG]) -> None:
    for name in campaign_names():
        dag = dags[f"send_{name}"]
        assert dag.get_task("dispatch.send_range").is_mapped
        assert dag.get_task("dispatch.settle").upstream_task_ids == {"dispatch.send_range"}
        assert dag.get_task("dispatch.settle").trigger_rule == "none_failed"


def test_what_was_sent_is_recorded_after_all_that_was_collected(dags: dict[str, DAG]) -> None:
    upstream = dags["collect_engagement"].get_task("record_sends").upstream_task_ids
    assert upstream == {"collect.suppress", "collect.resolve_doubt"}
    sync, withhold = (dags["collect_engagement"].get_task(f"collect.{name}") for name in ("sync_suppressions", "withhold"))
    assert sync.downstream_task_ids == {"collect.withhold"}, "only what is on the lists already is the person's own"
    assert withhold.downstream_task_ids == set(), "a provider without suppression lists must fail its own tasks alone"
    assert withhold.trigger_rule == "all_success", "a list that was not read must be seen in the run"


def test_the_flow_hangs_together_by_assets(dags: dict[str, DAG]) -> None:
    outlets = {asset.name: dag.dag_id for dag in dags.values() for task in dag.tasks for asset in task.outlets}
    assert outlets["subscribers"] == "ingest_subscribers"
    assert outlets["engagement"] == "collect_engagement"
    assert outlets["analytics"] == "nightly_analytics"
    condition = dags["build_segments"].timetable.asset_condition
    assert isinstance(condition, AssetAny)
    wanted = {asset.name for asset in condition.objects if isinstance(asset, Asset)}
    assert wanted == {"subscribers", "engagement"}


def test_assets_are_made_in_one_file_only() -> None:
    makers = [
        path.relative_to(PROJECT).as_posix()
        for folder in ("dags", "include", "plugins", "operations")
        for path in (PROJECT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Asset"
    ]
    assert set(makers) == {"include/orchestration/assets.py"}


def test_the_form_of_ingest_names_the_table_rules_there_are(dags: dict[str, DAG]) -> None:
    from data_quality.batches import TABLE_RULES

    accept = dags["ingest_subscribers"].params.get_param("accept")
    assert accept.value == []
    assert accept.schema["items"]["enum"] == list(TABLE_RULES)


def test_a_person_is_told_of_warnings_once_the_batch_is_merged(dags: dict[str, DAG]) -> None:
    """The alert says that the rest of the batch is merged; after a stop nothing is."""
    warn = dags["ingest_subscribers"].get_task("validate.warn")
    assert (warn.upstream_task_ids, warn.trigger_rule) == ({"validate.merge"}, "all_success")
