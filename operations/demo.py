"""`make run`: the whole pipeline on real purchases, through the scheduler, up to the published report."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from include.core import connections
from include.core.campaign_file import campaign_names, load_campaign
from include.core.connections import SOURCE
from operations import demo_shop, past, runs
from operations.api import AirflowApi, part
from operations.campaign_table import campaign_table
from operations.events import wait_for_events
from operations.progress import Progress
from operations.runs import Run, RunFailed
from operations.services import uses_external_sendgrid
from operations.settings import Installation

JOURNEYS = "run_journeys"
PIPELINE = ("ingest_subscribers", "build_segments", "collect_engagement", "nightly_analytics")
ASSET_RUN_TIMEOUT_SECONDS = 90
SCHEDULER_INTERVAL_SECONDS = 2.0


def run_demo(installation: Installation, *, campaigns: list[str] | None = None, past_weeks: int = past.WEEKS) -> int:
    """Run the pipeline and print the report; returns 0. Raises `TradewindError` if a run fails.

    A new installation of the demo first gets a past of `past_weeks`.
    """
    progress, api = Progress(), AirflowApi(installation)
    names = campaigns or campaign_names()
    sends = [f"send_{name}" for name in names if not load_campaign(name).follows]
    later = [f"send_{name}" for name in names if load_campaign(name).follows]
    past.play_once(installation, progress.report, weeks=past_weeks)
    demo_shop.start_all(installation, progress.report)
    _report_endpoints(installation, progress)
    runs.wait_for_dags(api, [*PIPELINE, "collect_activities", JOURNEYS, *sends, *later])
    run_pipeline(installation, api, progress, sends)
    _unpause(api, *later)  # A reminder has no recipients on the day of the mail that it follows.
    _unpause(api, "collect_activities")  # Nothing was posted yet; it runs every minute.
    progress.print()
    progress.print(campaign_table(installation.paths.published / "analytics.duckdb"))
    _links(installation, progress)
    return 0


def run_pipeline(installation: Installation, api: AirflowApi, progress: Progress, sends: list[str]) -> list[Run]:
    """extract → validate → segment → dispatch → collect → analyze → publish; returns the send runs."""
    _unpause(api, "build_segments", "ingest_subscribers")
    _ingest_and_segment(api, progress)
    _unpause(api, *sends)
    sent = _send(installation, api, progress, sends)
    sent += _run_journeys(installation, api, progress)
    if any(new_messages(api, run) for run in sent):
        wait_for_events(installation, progress)
    for dag in ("collect_engagement", "nightly_analytics"):
        _finish(api, progress, [_scheduled_or_manual_run(api, dag)])
    return sent


def new_messages(api: AirflowApi, run: Run) -> int:
    """The number of messages that were accepted in this run."""
    ranges = [task for task in runs.tasks(api, run) if task["task_id"] == "dispatch.send_range" and task["map_index"] >= 0]
    counts = [runs.xcom(api, run, "dispatch.send_range", map_index=task["map_index"]) or {} for task in ranges]
    return sum(int(count.get("accepted", 0)) for count in counts)


def _ingest_and_segment(api: AirflowApi, progress: Progress) -> None:
    """Ingest; then wait for the run of `build_segments` that the asset starts.

    If no row changed, trigger one: a segment definition may be new.
    """
    begun = datetime.now(UTC)
    ingest = runs.trigger(api, "ingest_subscribers")
    _finish(api, progress, [ingest])
    announced = next(task["state"] for task in runs.tasks(api, ingest) if task["task_id"] == "announce")
    build = (
        runs.trigger(api, "build_segments") if announced == "skipped" else _asset_triggered_run(api, "build_segments", begun)
    )
    _finish(api, progress, [build])


def _scheduled_or_manual_run(api: AirflowApi, dag: str) -> Run:
    """A run that starts now: the scheduled run after unpausing the DAG, else a manual one."""
    begun, paused = datetime.now(UTC), api.get(f"/dags/{part(dag)}")["is_paused"]
    _unpause(api, dag)
    time.sleep(SCHEDULER_INTERVAL_SECONDS if paused else 0)
    return next(iter(runs.runs_since(api, dag, begun, by="start_date")), None) or runs.trigger(api, dag)


def _asset_triggered_run(api: AirflowApi, dag: str, begun: datetime) -> Run:
    """The run that the asset started, else a manual one."""
    deadline = time.monotonic() + ASSET_RUN_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        started = runs.runs_since(api, dag, begun)
        if started:
            return started[0]
        time.sleep(0.5)
    return runs.trigger(api, dag)


def _send(installation: Installation, api: AirflowApi, progress: Progress, sends: list[str]) -> list[Run]:
    """Send every campaign, live, and report the new messages. The plans are frozen in order, because of frequency caps."""
    sent = []
    for dag in sends:
        sent.append(runs.trigger(api, dag, {"mode": "live", "note": "make run"}))
        _wait_for_plan(api, sent[-1])
    _finish(api, progress, sent)
    for run in sent:
        plan, new = runs.xcom(api, run, "dispatch.plan", key="plan") or {}, new_messages(api, run)
        name = f"{run.dag.removeprefix('send_')} {plan.get('occurrence', '')}".strip()
        if plan.get("found") and not new:
            progress.report(f"0 new messages: the plan of {name} was already sent")
        else:
            progress.report(f"{new:,} new messages of {name}, accepted by {_receiver(installation)}")
    return sent


def _receiver(installation: Installation) -> str:
    return "SendGrid" if uses_external_sendgrid(installation) else "the simulator"


def _run_journeys(installation: Installation, api: AirflowApi, progress: Progress) -> list[Run]:
    """Run all journeys, after the campaigns; from then on they run every minute. Returns the runs up to now."""
    begun = datetime.now(UTC)
    _unpause(api, JOURNEYS)
    _finish(api, progress, [runs.trigger(api, JOURNEYS)])
    found = runs.runs_since(api, JOURNEYS, begun, by="start_date")  # The first scheduled run may have been faster.
    _finish(api, progress, found)
    new = sum(new_messages(api, run) for run in found)
    progress.report(f"{new:,} new messages of all journeys, accepted by {_receiver(installation)}")
    return found


def _unpause(api: AirflowApi, *dags: str) -> None:
    """Unpause the DAGs just before they run, so that their schedules do not interfere."""
    for dag in dags:
        api.patch(f"/dags/{part(dag)}", {"is_paused": False})


def _wait_for_plan(api: AirflowApi, run: Run, timeout_seconds: float = 120) -> None:
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        states = {task["task_id"]: task["state"] for task in runs.tasks(api, run)}
        if states.get("dispatch.plan") in runs.SHOWN:
            return
        time.sleep(runs.POLL_SECONDS)


def _finish(api: AirflowApi, progress: Progress, started: list[Run]) -> None:
    if failed := runs.wait_for_end(api, started, progress, quiet=("skipped",)):
        names = ", ".join(run.dag for run in failed)
        raise RunFailed(f"{names} did not succeed.", remedy="The reason is above; the services keep running for inspection.")


def _report_endpoints(installation: Installation, progress: Progress) -> None:
    source = "subscribers_source from the environment" if connections.environment_connection(SOURCE) else "the demo shop"
    esp = (
        "the SendGrid account from the environment"
        if uses_external_sendgrid(installation)
        else f"the simulator ({installation.simulator_url}): no mail is delivered"
    )
    progress.report(f"source: {source}; sending to {esp}")


def _links(installation: Installation, progress: Progress) -> None:
    published = installation.paths.published
    progress.print()
    progress.print(f"  Airflow           {installation.airflow_url}")
    if not uses_external_sendgrid(installation):
        progress.print(f"  read a mail       {installation.simulator_url}/inbox")
    progress.print(f"  report            {(published / 'report.html').as_uri()}")
    progress.print(f"  published file    {published / 'analytics.duckdb'}")
    profile = " PROFILE=cluster" if installation.is_cluster else ""
    progress.print(f"  stop              make stop{profile}")
