"""The steps of a campaign's DAG that depend on the mode and form of the run."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError, AirflowSkipException

from include.core.campaign import JOURNEY_SEPARATOR
from include.core.campaign_file import load_campaign
from include.core.errors import ConfigurationError, PlanError, StoppedByOperator
from include.core.journey_mail import load_mail, read_id
from include.orchestration import configuration, runs

if TYPE_CHECKING:
    from datetime import datetime

    from include.core.campaign import Campaign
    from include.dispatch.send.sender import Range
    from include.dispatch.start import StartedPlan, StartedPreview
    from include.ledger.stores import Stores

log = logging.getLogger(__name__)

PLAN, LATE, APPROVAL = "dispatch.plan", "dispatch.approve_late_start", "dispatch.approve"


def first_task(stores: Stores, campaign_id: str, dag_run: Any, params: Mapping[str, Any]) -> str:
    """The id of the first task: the plan; or the question whether it may be sent, or sent so late.

    A campaign that needs an approval asks for that only: its approval is of the moment at which it is given.
    """
    from include.dispatch.start import late_by

    mode = runs.run_mode(dag_run, params)
    if mode == runs.AHEAD:
        return APPROVAL
    if mode != "live":
        return PLAN
    campaign, moment = load_campaign(campaign_id), runs.run_moment(dag_run)
    if _waits_for_approval(stores, campaign, moment, params["occurrence"]):
        return APPROVAL
    return LATE if runs.is_scheduled(dag_run) and late_by(stores.ledger, campaign, moment) else PLAN


def _waits_for_approval(stores: Stores, campaign: Campaign, at: datetime, resumes: str | None) -> bool:
    """Whether people must approve first. What cannot be planned is left to the plan, which says why."""
    from include.dispatch import approve
    from include.dispatch.start import period_of

    try:
        return approve.unapproved(stores.ledger, campaign, period_of(stores.ledger, campaign, at, resumes)) is not None
    except (PlanError, ConfigurationError):
        return False


def chosen_mail(params: Mapping[str, Any]) -> str:
    """The campaign id of the journey's mail that the form names. Raises `ConfigurationError`."""
    return read_id(params["mail"] or "")


def start_run(
    stores: Stores, campaign_id: str, dag_run: Any, params: Mapping[str, Any], task_instance: Any
) -> tuple[StartedPreview | StartedPlan, list[Range]]:
    """Render the preview, or find or freeze the plan; returns it and the ranges of chunks to send."""
    from include.dispatch import start
    from include.dispatch.preview.test_send import SeedChoice

    if runs.run_mode(dag_run, params) == runs.AHEAD:
        raise AirflowSkipException("it is approved; the scheduled run sends it")
    with skipped_if_stopped_by_operator():
        return start.start_run(
            stores, load_mail(campaign_id), mode=runs.run_mode(dag_run, params), at=runs.run_moment(dag_run),
            account=configuration.account(), run=dag_run.run_id, edge_url=configuration.edge_url(),
            test=SeedChoice(params["seeds"] or (), params["variant"], params["locale"]), resumes=params.get("occurrence"),
            account_pace=configuration.account_pace(), with_pictures=True,
            is_running=lambda name: is_running(task_instance, name),
        )  # fmt: skip


def is_running(task_instance: Any, campaign_id: str) -> bool:
    """Whether a campaign's DAG exists and is not paused. No, if Airflow does not answer: then nobody waits for it."""
    try:
        return not task_instance.get_dag(f"send_{campaign_id}").is_paused
    except AirflowRuntimeError as error:
        log.warning("whether send_%s is paused is unknown: %s", campaign_id, error)
        return False


def send_range(stores: Stores, part: Range) -> dict[str, int]:
    """Send the pending chunks of a range; skipped from the moment at which an operator pauses or cancels the campaign."""
    from include.dispatch.send import sender

    with skipped_if_stopped_by_operator():
        return sender.send_range(stores, configuration.account(), account_pace=configuration.account_pace(), **part)


@contextmanager
def skipped_if_stopped_by_operator() -> Iterator[None]:
    """Skip the running task, with the reason in its log, if a person paused or cancelled the campaign.

    That is what they wanted: the task does not fail and nobody is alerted. What is unsent is pending, or skipped by the
    cancellation, and is settled and recorded as after any other run.
    """
    try:
        yield
    except StoppedByOperator as stopped:
        raise AirflowSkipException(str(stopped)) from None


def sent_plan(task_instance: Any) -> str:
    """The id of the plan that this run sends; '' if it sends none, as a preview."""
    plan = task_instance.xcom_pull(task_ids=PLAN, key="plan") or {"mode": "preview"}
    return "" if plan["mode"] == "preview" else str(plan["plan_id"])


def resume_triggers(plans: Iterable[Mapping[str, Any]], *, once: bool = False) -> list[dict[str, Any]]:
    """Arguments of `TriggerRun` for the run that continues each plan; the plans of journeys are continued every minute.

    `once`: the run is named for its occurrence, so that the same one is not started again while it waits, or has failed.
    """
    return [
        {
            "trigger_dag_id": f"send_{plan['campaign']}",
            "conf": {"mode": "live", "occurrence": plan["occurrence"]},
            **({"run": f"manual__{plan['occurrence']}"} if once else {}),
        }
        for plan in plans
        if JOURNEY_SEPARATOR not in plan["campaign"]
    ]
