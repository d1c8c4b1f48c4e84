"""DAG runs through the REST API: trigger them, wait for them, report their tasks and failures."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from include.core.errors import TradewindError
from operations.api import AirflowApi, ApiRefused, part
from operations.progress import Progress

POLL_SECONDS = 0.7
STILL_WAITING_SECONDS = 20
FINAL = ("success", "failed")
WAITS_FOR_PERSON = "awaiting_input"
SHOWN = ("success", "failed", "skipped", "upstream_failed", "up_for_retry", WAITS_FOR_PERSON, "removed")


@dataclass(frozen=True)
class Run:
    """One DAG run."""

    dag: str
    id: str

    @property
    def path(self) -> str:
        return f"/dags/{part(self.dag)}/dagRuns/{part(self.id)}"


class RunFailed(TradewindError):
    """A run failed, or did not finish in time."""


def wait_for_dags(api: AirflowApi, wanted: Iterable[str], *, timeout_seconds: float = 240) -> None:
    """Wait until Airflow has parsed these DAGs. Raises `RunFailed` with Airflow's import errors."""
    missing, deadline = set(wanted), time.monotonic() + timeout_seconds
    while missing:
        missing -= {dag["dag_id"] for dag in api.get("/dags", limit=200)["dags"]}
        if missing and time.monotonic() > deadline:
            errors = api.get("/importErrors")["import_errors"]
            detail = "; ".join(f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors)
            raise RunFailed(f"Airflow does not know {', '.join(sorted(missing))}.", remedy=detail or "See make up's logs.")
        if missing:
            time.sleep(POLL_SECONDS)


def trigger(api: AirflowApi, dag: str, conf: dict[str, Any] | None = None) -> Run:
    """Create a run without a logical date. Raises `ApiRefused` if the DAG or its parameters are refused."""
    conf = conf or {}
    body = {"logical_date": None, "conf": conf, "note": conf.get("note") or None}
    return Run(dag, api.post(f"/dags/{part(dag)}/dagRuns", body)["dag_run_id"])


def runs_since(
    api: AirflowApi, dag: str, moment: datetime, by: Literal["run_after", "start_date"] = "run_after"
) -> list[Run]:
    """The runs of a DAG that are due, or that started, at or after a moment."""
    found = api.get(f"/dags/{part(dag)}/dagRuns", **{f"{by}_gte": moment.astimezone(UTC).isoformat()}, limit=50)
    return [Run(dag, run["dag_run_id"]) for run in found["dag_runs"]]


def wait_for_end(
    api: AirflowApi, runs: Iterable[Run], progress: Progress, *, timeout_seconds: float = 1800, quiet: Collection[str] = ()
) -> list[Run]:
    """Wait for runs and report every finished task whose state is not in `quiet`; returns the runs that failed.

    If no task finishes for a while, the unfinished tasks are reported. Raises `RunFailed` on timeout.
    """
    open_runs, reported, failed = list(runs), set[tuple[str, ...]](), list[Run]()
    deadline, silent = time.monotonic() + timeout_seconds, _Silence()
    while open_runs:
        for run in list(open_runs):
            state = api.get(run.path)["state"]
            _report_tasks(api, run, progress, reported, quiet)
            if state in FINAL:
                open_runs.remove(run)
                failed += [run] if state != "success" else []
                progress.report(f"{run.dag}  {state}")
        if open_runs and silent.is_long(len(reported)):
            progress.report(f"  still waiting for {_unfinished_tasks(api, open_runs)}")
        if open_runs and time.monotonic() > deadline:
            names = ", ".join(run.dag for run in open_runs)
            raise RunFailed(
                f"{names} did not end within {timeout_seconds:.0f} s.", remedy="It is still running; see Airflow's UI."
            )
        if open_runs:
            time.sleep(POLL_SECONDS)
    return failed


class _Silence:
    """Measures the time since the last reported task, or since the last report of waiting."""

    def __init__(self) -> None:
        self._since, self._news = time.monotonic(), 0

    def is_long(self, news: int) -> bool:
        if news != self._news:
            self._since, self._news = time.monotonic(), news
        if time.monotonic() - self._since < STILL_WAITING_SECONDS:
            return False
        self._since = time.monotonic()
        return True


def _unfinished_tasks(api: AirflowApi, open_runs: Iterable[Run]) -> str:
    """Tasks that were started and are not finished."""
    found = [
        f"{run.dag} {task['task_id']} ({task['state']})"
        for run in open_runs
        for task in tasks(api, run)
        if task["state"] and task["state"] not in SHOWN
    ]
    return ", ".join(found) or ", ".join(run.dag for run in open_runs)


def tasks(api: AirflowApi, run: Run) -> list[dict[str, Any]]:
    """The run's task instances."""
    found: list[dict[str, Any]] = api.get(f"{run.path}/taskInstances", limit=1000)["task_instances"]
    return found


def xcom(api: AirflowApi, run: Run, task: str, key: str = "return_value", map_index: int = -1) -> Any:
    """A value that a task pushed to XCom; None if there is none."""
    path = f"{run.path}/taskInstances/{part(task)}/xcomEntries/{part(key)}"
    try:
        return api.get(path, map_index=map_index, deserialize=True)["value"]
    except ApiRefused as error:
        if error.status == 404:
            return None
        raise


def failure_reason(api: AirflowApi, run: Run, task: dict[str, Any]) -> list[str]:
    """The exception of a task's last try, from its log, as shortened lines."""
    path = f"{run.path}/taskInstances/{part(task['task_id'])}/logs/{task['try_number']}"
    try:
        entries = api.get(path, map_index=task["map_index"], full_content=True)["content"]
    except ApiRefused:
        return ["its log cannot be read"]
    for entry in reversed(entries):
        details = entry.get("error_detail") if isinstance(entry, dict) else None
        if details:
            return _lines(f"{details[0]['exc_type']}: {details[0]['exc_value']}")
    last = [entry["event"] for entry in entries if isinstance(entry, dict) and entry.get("level") in ("error", "critical")]
    return _lines(str(last[-1])) if last else ["its process ended without an error message (see the scheduler's log)"]


def _lines(text: str, limit: int = 400) -> list[str]:
    """The lines that are not blank, without the statement that SQLAlchemy appends."""
    lines = [" ".join(line.split()) for line in text.partition("[SQL:")[0].splitlines()]
    return [line if len(line) <= limit else f"{line[:limit]} …" for line in lines if line]


def _report_tasks(
    api: AirflowApi, run: Run, progress: Progress, reported: set[tuple[str, ...]], quiet: Collection[str]
) -> None:
    """Report each new task state."""
    for task in sorted(tasks(api, run), key=lambda task: task["end_date"] or "~"):
        key = (run.dag, run.id, task["task_id"], str(task["map_index"]), str(task["state"]), str(task["try_number"]))
        if key in reported or task["state"] not in SHOWN or task["state"] in quiet:
            continue
        reported.add(key)
        place = task["task_id"] + (f"[{task['map_index']}]" if task["map_index"] >= 0 else "")
        took = f"{task['duration']:5.1f} s" if task["duration"] else ""
        progress.report(f"  {run.dag:<20} {place:<30} {task['state']:<15} {took}".rstrip())
        if task["state"] in ("failed", "up_for_retry"):
            for line in failure_reason(api, run, task):
                progress.report(f"      {line}")
        if task["state"] == WAITS_FOR_PERSON:
            progress.report("      waits for somebody's answer in Airflow:")
            progress.print(
                f"{api.url}/dags/{part(run.dag)}/runs/{part(run.id)}/tasks/{part(task['task_id'])}/required_actions"
            )
