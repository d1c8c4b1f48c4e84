"""`make trigger DAG=… CONF=…`: runs one DAG through the scheduler and waits for it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from include.core.errors import ConfigurationError
from include.orchestration.tags import Tag
from operations import demo_shop, runs
from operations.api import AirflowApi, part
from operations.mutex import mutex
from operations.progress import Progress
from operations.settings import Installation

TIMEOUT_SECONDS = 3600


def trigger_dag(installation: Installation, dag: str, conf_text: str) -> int:
    """Run a DAG and print its tasks and results; 0 if it succeeded, else 1."""
    conf = parse_conf(conf_text)
    progress, api = Progress(), AirflowApi(installation)
    demo_shop.start_all(installation, progress.report)
    find_dag(api, dag)
    # A concurrent make trigger would pause the DAG at its end, and this run would not continue.
    ours = mutex(installation.paths.services / f"{dag}.lock", progress.report, f"another make trigger of {dag}")
    with ours, unpaused(api, found := find_dag(api, dag), progress):
        begun = datetime.now(UTC)
        run = runs.trigger(api, dag, conf)
        progress.report(f"{dag}: run {run.id}, parameters {json.dumps(conf)}")
        failed = runs.wait_for_end(api, [run], progress, timeout_seconds=TIMEOUT_SECONDS)
        if found["is_paused"]:
            failed += _wait_for_following(api, run, begun, progress)
    progress.print(f"{installation.airflow_url}/dags/{part(dag)}/runs/{part(run.id)}")
    for task in runs.tasks(api, run):
        _print_results(api, run, task, progress)
    return 1 if failed else 0


def _wait_for_following(api: AirflowApi, run: runs.Run, begun: datetime, progress: Progress) -> list[runs.Run]:
    """Wait for the runs of the same DAG that tasks or people started since, such as the one that resends what is in doubt.

    In a paused DAG they would stay queued. Scheduled runs come again and again; nobody waits for them. Returns who failed.
    """
    known, failed = {run}, list[runs.Run]()
    while following := [one for one in runs.runs_since(api, run.dag, begun) if one not in known and _is_started(one)]:
        known.update(following)
        progress.report(f"{run.dag}: continued by run {', '.join(one.id for one in following)}")
        failed += runs.wait_for_end(api, following, progress, timeout_seconds=TIMEOUT_SECONDS)
    return failed


def _is_started(run: runs.Run) -> bool:
    return run.id.startswith("manual__")


def _print_results(api: AirflowApi, run: runs.Run, task: dict[str, Any], progress: Progress) -> None:
    index = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
    for key in ("plan", "return_value"):
        value = runs.xcom(api, run, task["task_id"], key, task["map_index"]) if task["state"] == "success" else None
        if value:
            progress.print(f"  {task['task_id']}{index}: {_answer(value) or _short(value)}")
        if isinstance(value, dict) and "page" in value:
            progress.print(f"{api.url}/tradewind/{value['page']}")


def _answer(value: Any) -> str:
    """What a person answered, and who, in words; '' for other results."""
    if not isinstance(value, dict) or "chosen_options" not in value:
        return ""
    user = (value.get("responded_by_user") or {}).get("name")
    return ", ".join(value["chosen_options"]) + (f" by {user}" if user else "")


def parse_conf(text: str) -> dict[str, Any]:
    """CONF as a mapping. Raises `ConfigurationError` with the position of a JSON error."""
    try:
        conf = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ConfigurationError(
            f"is not JSON ({error}).", where="CONF", remedy="""Write CONF='{"mode": "live"}'."""
        ) from None
    if not isinstance(conf, dict):
        raise ConfigurationError("is not a JSON object.", where="CONF", remedy="""Write CONF='{"mode": "live"}'.""")
    return conf


def find_dag(api: AirflowApi, dag: str, timeout_seconds: float = 120) -> dict[str, Any]:
    """The DAG in Airflow; waits a moment for a file that was just written. Raises `ConfigurationError`."""
    deadline = time.monotonic() + timeout_seconds
    while (found := api.find(f"/dags/{part(dag)}")) is None:
        known = sorted(item["dag_id"] for item in api.get("/dags", limit=200)["dags"])
        if time.monotonic() > deadline or (known and dag not in _expected()):
            raise ConfigurationError(
                f"'{dag}' is unknown.", where="DAG", remedy=f"Known DAGs: {', '.join(known) or 'none'}."
            )
        time.sleep(1)
    return found


@contextmanager
def unpaused(api: AirflowApi, dag: dict[str, Any], progress: Progress) -> Iterator[None]:
    """Unpause a DAG during the block. Raises `ConfigurationError` if that would start a scheduled send."""
    if not dag["is_paused"]:
        yield
        return
    path = f"/dags/{part(dag['dag_id'])}"
    missed = dag.get("next_dagrun_run_after")
    if missed and datetime.fromisoformat(missed) <= datetime.now(UTC) and _sends_mail(dag):
        raise ConfigurationError(
            f"is paused, and unpausing it would start its scheduled run of {missed}, live.",
            where=dag["dag_id"],
            remedy="If you want that run, unpause the DAG in Airflow's UI; then trigger again.",
        )
    progress.report(f"{dag['dag_id']} is paused: unpaused for this run")
    api.patch(path, {"is_paused": False})
    try:
        yield
    finally:
        api.patch(path, {"is_paused": True})


def _sends_mail(dag: dict[str, Any]) -> bool:
    return any(tag["name"] == Tag.SENDS_MAIL for tag in dag["tags"])


def _expected() -> set[str]:
    """DAG ids of the project's files, which Airflow may not have parsed yet."""
    from include.core.campaign_file import campaign_names
    from include.core.paths import PROJECT

    return {path.stem for path in (PROJECT / "dags").glob("*.py")} | {f"send_{name}" for name in campaign_names()}


def _short(value: Any, limit: int = 400) -> str:
    text = json.dumps(value)
    return text if len(text) <= limit else f"{text[:limit]} …"
