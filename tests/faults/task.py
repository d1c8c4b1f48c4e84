"""One task of the DAG in its own process, through the product's functions, as Airflow would run it."""

from __future__ import annotations

import importlib
import logging
import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from include.core.campaign import Campaign
from include.core.connections import SendGridAccount
from include.core.errors import may_retry
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger import plans
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from tests.faults.injection import Injection, Injector
from tests.faults.processes import ResultPipe

QUICK: Mapping[str, float] = {
    "include.dispatch.account.settle.POLL_SECONDS": 0.02,
    "include.dispatch.send.backoff.FIRST_BACKOFF_SECONDS": 0.01,
    "include.ledger.outages.FIRST_WAIT_SECONDS": 0.02,
    "include.ledger.outages.MAX_WAIT_SECONDS": 0.5,
    "include.ledger.outages.POLL_SECONDS": 0.02,
}
"""Shorter pauses, where no test depends on their length."""
LEASE_SECONDS = 3.0
TIGHT: Mapping[str, float] = {
    "include.sendgrid.transport.READ_SECONDS": 1.0,
    "include.sendgrid.transport.TOTAL_SECONDS": 1.5,
    "include.dispatch.send.chunk_sender.TOTAL_SECONDS": 1.5,
    "include.ledger.chunks.LEASE_SECONDS": LEASE_SECONDS,
    "include.ledger.outages.PROBE_SECONDS": LEASE_SECONDS,
}
"""Shorter timeouts in about the same proportions, for faults that wait for them."""
EDGE_URL = "https://mail.tradewind.example"


@dataclass(frozen=True)
class Task:
    """The steps to run, with their settings and injections. `file_limit`: the maximum size of its files, in bytes."""

    root: Path
    ledger: str
    host: str
    campaign: Campaign
    occurrence: str
    at: datetime
    chunk_size: int
    steps: tuple[str, ...]
    injections: tuple[Injection, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    file_limit: int | None = None


@dataclass(frozen=True)
class Result:
    """The result of a task: the counts that it returned, or the error. A killed task has none."""

    returned: dict[str, Any]
    error: str = ""
    text: str = ""
    retryable: bool = False


def run(task: Task, pipe: ResultPipe) -> None:
    """The entry point of the process."""
    os.environ.update({"TRADEWIND_DATA": str(task.root), **task.environment})
    logging.basicConfig(filename=task.root / "tasks.log", level=logging.INFO, force=True)
    for name, value in {**QUICK, "include.dispatch.plan.chunking.CHUNK_SIZE": task.chunk_size, **task.constants}.items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    Injector(task.injections).install()
    if task.file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (task.file_limit, task.file_limit))
    try:
        pipe.send(Result(_run_steps(task)))
    except Exception as error:
        logging.exception("the task failed")
        pipe.send(Result({}, type(error).__name__, str(error), may_retry(error)))


def _run_steps(task: Task) -> dict[str, Any]:
    paths = DataPaths(task.root)
    secrets = load_secrets(paths)
    stores = Stores(paths, open_ledger(task.ledger, secrets), secrets)
    plan_id = plans.plan_id_of(task.campaign.id, task.occurrence)
    returned: dict[str, Any] = {}
    for step in task.steps:
        returned[step] = _STEPS[step](task, stores, plan_id)
    stores.ledger.close()
    return returned


def _approve(task: Task, stores: Stores, _plan_id: str) -> Any:
    """A person approves the campaign as it is."""
    from include.dispatch import approve

    wanted = approve.unapproved(stores.ledger, task.campaign, task.occurrence)
    if wanted is None:
        return "approved"
    question = approve.Question(
        campaign=task.campaign.id, occurrence=task.occurrence, parts=dict(wanted.parts), hash=wanted.hash, until=0.0,
        page="", picture="", text="",
    )  # fmt: skip
    return approve.approve(stores, task.campaign, question, {"id": "anna", "name": "Anna"})


def _plan(task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.dispatch.plan.freeze import freeze

    return freeze(stores, task.campaign, occurrence=task.occurrence, edge_url=EDGE_URL, at=task.at)


def _correct(task: Task, stores: Stores, _plan_id: str) -> Any:
    """Replace the content for those who are still pending."""
    from include.dispatch.plan.correction import replace_content

    return replace_content(stores, task.campaign, occurrence=task.occurrence, edge_url=EDGE_URL, by="test")


def _resume(task: Task, stores: Stores, _plan_id: str) -> Any:
    """Resume a paused plan."""
    from include.dispatch.control import resume

    return resume(stores.ledger, task.campaign.id, task.occurrence, account=SendGridAccount(task.host, "SG.test"))


def _pause(task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.dispatch.control import pause

    return pause(stores.ledger, task.campaign.id, task.occurrence, account=SendGridAccount(task.host, "SG.test"))


def _cancel(task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.dispatch.control import cancel

    return cancel(stores.ledger, task.campaign.id, task.occurrence, account=SendGridAccount(task.host, "SG.test"))


def _send(task: Task, stores: Stores, plan_id: str) -> Any:
    from include.dispatch.send.sender import ranges, send_range

    account = SendGridAccount(task.host, "SG.test")
    return [send_range(stores, account, **part) for part in ranges(stores.ledger, plan_id)]


def _settle(_task: Task, stores: Stores, plan_id: str) -> Any:
    from include.dispatch.account.settle import settle

    return settle(stores.ledger, plan_id)


def _record(_task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.dispatch.account.record import record_sends

    return record_sends(stores)


def _journeys(task: Task, stores: Stores, _plan_id: str) -> Any:
    """One run of the DAG run_journeys."""
    from include.core import clock
    from include.dispatch.account.record import record_sends
    from include.dispatch.journey import send, tick

    account = SendGridAccount(task.host, "SG.test")
    result = tick.tick(stores, account, edge_url=EDGE_URL, now=clock.now())
    for part in result["ranges"]:
        send.send_part(stores, account, part)
    send.settle_plans(stores.ledger)
    record_sends(stores)
    tick.require_unbroken(result["broken"])
    return {name: result[name] for name in ("entered", "moved", "planned")}


def _load(_task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.collect.load import load_spool

    return load_spool(stores.paths)


def _suppress(_task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.collect.suppress import suppress_from_events

    return suppress_from_events(stores)


def _doubt(_task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.collect.doubt import resolve_doubt

    return resolve_doubt(stores)


def _restore(_task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.dispatch.account.restore import restore_ledger

    return restore_ledger(stores)


def _publish(_task: Task, stores: Stores, _plan_id: str) -> Any:
    from include.publish.file import publish

    return publish(stores.paths)["build"]


_STEPS = {
    "approve": _approve,
    "plan": _plan,
    "correct": _correct,
    "resume": _resume,
    "pause": _pause,
    "cancel": _cancel,
    "send": _send,
    "settle": _settle,
    "journeys": _journeys,
    "record": _record,
    "load": _load,
    "suppress": _suppress,
    "doubt": _doubt,
    "restore": _restore,
    "publish": _publish,
}
