"""A running installation, and the actions of an operator in it."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pyarrow.parquet as pq
from sqlalchemy import select

from include.core.connections import ledger_url
from include.core.secrets import load_secrets
from include.ledger import counts, plans
from include.ledger.counts import Tally
from include.ledger.database import Ledger, open_ledger
from include.ledger.tables import outcomes
from include.warehouse.connection import open_warehouse
from operations import airflow_settings, launcher, processes, runs
from operations.api import AirflowApi, part
from operations.runs import Run
from operations.settings import Installation
from tests.dispatch.populate import populate
from tests.frozen_segment import freeze_segment
from tests.operators.campaigns import BAD, CLAIMED, GOOD, PEOPLE, RIVALS

SEND = "dispatch.send_range"
TIMEOUT_SECONDS = 400.0
ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")


class Stack:
    """Access to Airflow's API, the simulator's control requests and the ledger. Each campaign has one plan (`once`)."""

    def __init__(self, installation: Installation, campaigns: Collection[str] = GOOD | BAD) -> None:
        self.installation, self.api, self._campaigns = installation, AirflowApi(installation), campaigns

    def start(self) -> None:
        """Start the services, wait for the DAGs, and unpause the campaigns."""
        launcher.start_services(self.installation, lambda said: None)
        airflow_settings.apply(self.installation)
        sends = [f"send_{name}" for name in self._campaigns]
        runs.wait_for_dags(self.api, [*sends, "collect_engagement"])
        for dag in sends:
            self.pause_dag(dag, False)

    def stop(self) -> None:
        """Do the same as `make stop`."""
        launcher.stop_services(self.installation, lambda said: None)

    # Actions of an operator

    def trigger(self, campaign: str, **conf: Any) -> Run:
        """Trigger a run, live by default."""
        return runs.trigger(self.api, f"send_{campaign}", {"mode": "live", **conf})

    def clear(self, run: Run, *tasks: str) -> None:
        """Clear tasks and their downstream tasks, as the UI does by default."""
        body = {
            "dry_run": False, "dag_run_id": run.id, "task_ids": list(tasks), "only_failed": False,
            "include_downstream": True,
        }  # fmt: skip
        self.api.post(f"/dags/{part(run.dag)}/clearTaskInstances", body)

    def mark(self, run: Run, task: str, state: str, index: int = 0) -> None:
        self.api.patch(f"{run.path}/taskInstances/{part(task)}/{index}", {"new_state": state})

    def delete(self, run: Run) -> None:
        self.api._call("DELETE", run.path)

    def pause_dag(self, dag: str, paused: bool) -> None:
        self.api.patch(f"/dags/{part(dag)}", {"is_paused": paused})

    def answer(self, run: Run, task: str, option: str) -> int:
        """Respond to a required action, each time that it is asked, until its task has ended; returns how often.

        A task that was asked is asked again if something changed meanwhile, or if its process ended without a heartbeat.
        Airflow 3.3.2 loses a response that is given while the task is entering the state `awaiting_input`: it is given
        some seconds after the question is shown.
        """
        path, answers = f"{run.path}/taskInstances/{part(task)}/-1/hitlDetails", 0

        def has_ended() -> bool:
            nonlocal answers
            state = self.states(run).get(task)
            if state == "awaiting_input" and not self.question(run, task)["response_received"]:
                time.sleep(3)
                self.api.patch(path, {"chosen_options": [option], "params_input": {}})
                answers += 1
            return state in ENDED

        until(has_ended, lambda: f"{task} to end after {answers} answers: {self.states(run)} {self.question(run, task)}")
        return answers

    def question(self, run: Run, task: str) -> dict[str, Any]:
        """The required action of a task, as people see it."""
        return dict(self.api.get(f"{run.path}/taskInstances/{part(task)}/-1/hitlDetails"))

    def cancel(self, campaign: str) -> None:
        """Cancel a campaign that is being sent, by the form in Airflow."""
        self.await_run(runs.trigger(self.api, "control_campaign", {"action": "cancel", "campaign": campaign}))

    def collect(self) -> None:
        """Trigger collect_engagement and wait for it."""
        self.pause_dag("collect_engagement", False)
        try:
            self.await_run(runs.trigger(self.api, "collect_engagement"), seconds=500)
        finally:
            self.pause_dag("collect_engagement", True)

    def kill_scheduler(self) -> int:
        """Kill the scheduler, its workers and their tasks with SIGKILL; returns the number of processes."""
        return self.kill("scheduler")

    def kill(self, service: str) -> int:
        """Kill a service and the processes of its session with SIGKILL; returns their number."""
        record = processes.read(self.installation.paths.services / f"{service}.pid")
        assert record is not None
        assert record.alive
        found = [pid for pid in psutil.pids() if _session(pid) == record.pid]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not record.alive, lambda: f"{service} to be gone")
        return len(found)

    # Observations

    def run_state(self, run: Run) -> str:
        return str(self.api.get(run.path)["state"])

    def states(self, run: Run) -> dict[str, str]:
        """State by task id; for a mapped task, that of its first instance."""
        return {task["task_id"]: task["state"] for task in reversed(runs.tasks(self.api, run))}

    def await_run(self, run: Run, state: str = "success", seconds: float = TIMEOUT_SECONDS) -> None:
        """Wait for the end of a run, and require its state."""
        until(lambda: self.run_state(run) in runs.FINAL, lambda: f"{run} to end: {self.states(run)}", seconds)
        assert self.run_state(run) == state, self.errors(run)

    def await_task(self, run: Run, task: str, *states: str, seconds: float = TIMEOUT_SECONDS) -> None:
        until(lambda: self.states(run).get(task) in states, lambda: f"{task} {states}: {self.states(run)}", seconds)

    def errors(self, run: Run) -> dict[str, str]:
        """The error of each failed task, from its log in Airflow."""
        failed = [task for task in runs.tasks(self.api, run) if task["state"] in ("failed", "up_for_retry")]
        return {task["task_id"]: "\n".join(runs.failure_reason(self.api, run, task)) for task in failed}

    def alerts(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.installation.paths.alerts.glob("*.json"))]

    def simulator_get(self, what: str) -> Any:
        """The response to a control request of the simulator."""
        with urllib.request.urlopen(f"{self.installation.simulator_url}/control/{what}") as answer:
            return json.load(answer)

    def simulator_call(self, what: str, body: Any, method: str = "POST") -> Any:
        request = urllib.request.Request(
            f"{self.installation.simulator_url}/control/{what}", json.dumps(body).encode(),
            {"Content-Type": "application/json"}, method=method,
        )  # fmt: skip
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def accepted(self, campaign: str) -> list[str]:
        """The message keys of a campaign that the simulator accepted."""
        return [row["tw_key"] for row in self.accepted_mails(campaign)]

    def accepted_mails(self, campaign: str) -> list[dict[str, Any]]:
        """The messages of a campaign that the simulator accepted."""
        return list(self.simulator_get(f"accepted?campaign={campaign}&limit=10000"))

    def await_accepted(self, campaign: str, least: int) -> int:
        until(lambda: len(self.accepted(campaign)) >= least, lambda: f"{least} of {campaign}")
        return len(self.accepted(campaign))

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        opened = open_ledger(ledger_url(self.installation.paths), load_secrets(self.installation.paths))
        try:
            yield opened
        finally:
            opened.close()

    def tally(self, campaign: str) -> Tally:
        with self.ledger() as ledger, ledger.read() as connection:
            return counts.tally(connection, plans.plan_id_of(campaign, "once"))

    def has_plan(self, campaign: str, occurrence: str = "once") -> bool:
        with self.ledger() as ledger:
            return plans.find_plan(ledger, plans.plan_id_of(campaign, occurrence)) is not None

    def planned(self, campaign: str, occurrence: str = "once") -> set[str]:
        """The message keys of the frozen plan."""
        folder = self.installation.paths.plans / campaign / occurrence
        return {
            key
            for path in folder.glob("part-*.parquet")
            for key in pq.read_table(path, columns=["message_key"])["message_key"].to_pylist()
        }

    def suppressed_after_planning(self, campaign: str) -> set[str]:
        """The message keys of people who were suppressed between the plan and their chunk."""
        mine = (outcomes.c.plan_id == plans.plan_id_of(campaign, "once"), outcomes.c.state == "suppressed")
        with self.ledger() as ledger, ledger.read() as connection:
            return set(connection.scalars(select(outcomes.c.message_key).where(*mine)))

    def require_nobody_twice(self, campaign: str) -> Tally:
        """Require that no message was accepted twice and that the ledger adds up."""
        keys = self.accepted(campaign)
        assert len(keys) == len(set(keys)), "a message was accepted twice"
        assert self.simulator_get("duplicates") == []
        tally = self.tally(campaign)
        assert tally.adds_up, tally
        return tally

    def require_everybody_once(self, campaign: str) -> None:
        """Also require that every planned message was accepted, except those of people who unsubscribed meanwhile."""
        tally = self.require_nobody_twice(campaign)
        accepted, planned = set(self.accepted(campaign)), self.planned(campaign)
        assert accepted <= planned
        assert planned - accepted == self.suppressed_after_planning(campaign)
        assert tally.accepted == len(accepted)
        assert tally.accepted + tally.suppressed == tally.selected == PEOPLE, tally


def until(holds: Callable[[], Any], what: Callable[[], str], seconds: float = TIMEOUT_SECONDS) -> None:
    """Wait until `holds` is true; the AssertionError contains `what`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what()}"
        time.sleep(0.3)


def insert_people(installation: Installation) -> None:
    """Insert the people of all campaigns, as ingest_subscribers and build_segments would."""
    populate(installation.paths, PEOPLE + RIVALS, segment="loyal_customers")
    with open_warehouse(installation.paths) as warehouse:
        members = {"newsletter_readers": (0, PEOPLE), "champions": (PEOPLE, PEOPLE + CLAIMED)}
        for segment, (first, end) in members.items():
            freeze_segment(warehouse, segment, f"select i::varchar as subscriber_id from range({first:d}, {end:d}) as t(i)")


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1
