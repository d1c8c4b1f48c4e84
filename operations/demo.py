"""`make run`: the whole pipeline on real purchase history, through the scheduler, to the published report."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from include.core import connections
from include.core.campaign import campaign_names, load_campaign
from include.core.connections import SOURCE
from operations import demo_shop, runs
from operations.api import AirflowApi, part
from operations.campaign_table import campaign_table
from operations.events import await_events
from operations.progress import Progress
from operations.runs import Run, RunFailed
from operations.services import own_sendgrid
from operations.settings import Installation

PIPELINE = ("ingest_subscribers", "build_segments", "collect_engagement", "nightly_analytics")
CONSUMER_PATIENCE_SECONDS = 30
SCHEDULER_LOOK_SECONDS = 2.0


def run_demo(place: Installation, *, campaigns: list[str] | None = None) -> int:
    """Run everything, print the report; 0 where every run succeeded. Raises `TradewindError` where one did not."""
    progress, api = Progress(), AirflowApi(place)
    names = campaigns or campaign_names()
    sends = [f"send_{name}" for name in names if not load_campaign(name).follows]
    later = [f"send_{name}" for name in names if load_campaign(name).follows]
    demo_shop.up(place, progress.say)
    _say_where(place, progress)
    runs.await_dags(api, [*PIPELINE, *sends, *later])
    run_pipeline(place, api, progress, sends)
    _unpause(api, *later)  # A reminder has nobody to remind on the day of the mail that it follows.
    progress.plain()
    progress.plain(campaign_table(place.paths.published / "analytics.duckdb"))
    _links(place, progress)
    return 0


def run_pipeline(place: Installation, api: AirflowApi, progress: Progress, sends: list[str]) -> list[Run]:
    """extract → validate → segment → dispatch → collect → analyze → publish; returns the send runs."""
    _unpause(api, "build_segments", "ingest_subscribers")
    _ingest_and_segment(api, progress)
    _unpause(api, *sends)
    sent = _send(place, api, progress, sends)
    if any(new_messages(api, run) for run in sent):
        await_events(place, progress)
    for dag in ("collect_engagement", "nightly_analytics"):
        _finish(api, progress, [_turn_of(api, dag)])
    return sent


def new_messages(api: AirflowApi, run: Run) -> int:
    """How many people this run's requests were accepted for."""
    ranges = [task for task in runs.tasks(api, run) if task["task_id"] == "dispatch.send_range" and task["map_index"] >= 0]
    counts = [runs.returned(api, run, "dispatch.send_range", map_index=task["map_index"]) or {} for task in ranges]
    return sum(int(count.get("accepted", 0)) for count in counts)


def _ingest_and_segment(api: AirflowApi, progress: Progress) -> None:
    """Ingest; then wait for the segments that the asset starts.

    Without news of anybody they are built all the same: a segment's file may be new.
    """
    begun = datetime.now(UTC)
    ingest = runs.start(api, "ingest_subscribers")
    _finish(api, progress, [ingest])
    announced = next(task["state"] for task in runs.tasks(api, ingest) if task["task_id"] == "announce")
    build = runs.start(api, "build_segments") if announced == "skipped" else _consumer(api, "build_segments", begun)
    _finish(api, progress, [build])


def _turn_of(api: AirflowApi, dag: str) -> Run:
    """A run that begins now: the one that its own schedule starts on being unpaused, or one by hand."""
    begun, paused = datetime.now(UTC), api.get(f"/dags/{part(dag)}")["is_paused"]
    _unpause(api, dag)
    time.sleep(SCHEDULER_LOOK_SECONDS if paused else 0)
    return next(iter(runs.since(api, dag, begun, by="start_date")), None) or runs.start(api, dag)


def _consumer(api: AirflowApi, dag: str, begun: datetime) -> Run:
    """The run that the asset started; one by hand where it did not start any."""
    deadline = time.monotonic() + CONSUMER_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        started = runs.since(api, dag, begun)
        if started:
            return started[0]
        time.sleep(0.5)
    return runs.start(api, dag)


def _send(place: Installation, api: AirflowApi, progress: Progress, sends: list[str]) -> list[Run]:
    """Every campaign, live, planned in this order (a frequency cap makes it matter); and how many new messages that made."""
    sent = []
    for dag in sends:
        sent.append(runs.start(api, dag, {"mode": "live", "note": "make run"}))
        _await_plan(api, sent[-1])
    _finish(api, progress, sent)
    for run in sent:
        plan, new = runs.returned(api, run, "dispatch.plan", key="plan") or {}, new_messages(api, run)
        name = f"{run.dag.removeprefix('send_')} {plan.get('occurrence', '')}".strip()
        if plan.get("found") and not new:
            progress.say(f"0 new messages: the plan of {name} was already sent")
        else:
            progress.say(
                f"{new:,} new messages of {name}, accepted by {'SendGrid' if own_sendgrid(place) else 'the simulator'}"
            )
    return sent


def _unpause(api: AirflowApi, *dags: str) -> None:
    """Each just before its turn, so that its own schedule does not come in between the first time."""
    for dag in dags:
        api.patch(f"/dags/{part(dag)}", {"is_paused": False})


def _await_plan(api: AirflowApi, run: Run, patience_seconds: float = 120) -> None:
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        states = {task["task_id"]: task["state"] for task in runs.tasks(api, run)}
        if states.get("dispatch.plan") in runs.SHOWN:
            return
        time.sleep(runs.POLL_SECONDS)


def _finish(api: AirflowApi, progress: Progress, started: list[Run]) -> None:
    if failed := runs.follow(api, started, progress, quiet=("skipped",)):
        names = ", ".join(run.dag for run in failed)
        raise RunFailed(f"{names} did not succeed.", remedy="The reason stands above; the services stay up to look at it.")


def _say_where(place: Installation, progress: Progress) -> None:
    source = "subscribers_source of the environment" if connections.environment_text(SOURCE) else "the demo shop"
    esp = (
        "the SendGrid of the environment"
        if own_sendgrid(place)
        else f"the simulator ({place.simulator_url}): nobody gets mail"
    )
    progress.say(f"source: {source}; sending to {esp}")


def _links(place: Installation, progress: Progress) -> None:
    published = place.paths.published
    progress.plain()
    progress.plain(f"  Airflow           {place.airflow_url}")
    progress.plain(f"  report            {(published / 'report.html').as_uri()}")
    progress.plain(f"  published file    {published / 'analytics.duckdb'}")
    progress.plain("  stop              make stop")
