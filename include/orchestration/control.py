"""A person's decision about a campaign that is being sent, or a journey, from the form of the DAG `control_campaign`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from include.core.errors import ConfigurationError
from include.core.journey_file import journey_names
from include.core.journey_mail import journey_of, load_mail
from include.orchestration import configuration

if TYPE_CHECKING:
    from include.ledger.chunk import Plan
    from include.ledger.stores import Stores

CONTINUES = ("resume", "replace_content")
"""Actions after which the campaign's DAG must run again."""


WAITS = "its new content waits for approval"
"""Why a plan is paused between the decision to replace its content and the approval of that content."""


def decide(stores: Stores, params: Mapping[str, Any], dag_run: Any) -> dict[str, Any]:
    """Apply the action of the form, as the user who started the run; returns the plan's state and people after it.

    New content that nobody approved yet, of a campaign that needs an approval, only pauses the plan.
    """
    from include.dispatch import control
    from include.ledger.decisions import SOMEBODY

    by, note = getattr(dag_run, "triggering_user_name", None) or SOMEBODY, params["note"] or ""
    if params["campaign"] in journey_names():
        return _decide_about_journey(stores, params["campaign"], params["action"], by, note)
    plan, action = plan_of(stores, params), params["action"]
    if action == "replace_content" and _waits_for_approval(stores, plan):
        paused = control.pause(stores.ledger, plan.campaign, plan.occurrence, WAITS, configuration.account(), by, note)
        return {"campaign": plan.campaign, "occurrence": plan.occurrence, **paused}
    if action == "replace_content":
        replaced = _replace_content(stores, plan, by, note)
        return {**replaced, **control.send_status(stores.ledger, plan.plan_id)}
    commands: dict[str, Any] = {"pause": control.pause, "resume": control.resume, "cancel": control.cancel}
    account = configuration.account()
    done = commands[action](stores.ledger, plan.campaign, plan.occurrence, account=account, by=by, note=note)
    return {"campaign": plan.campaign, "occurrence": plan.occurrence, **done}


def next_run(action: str, decided: Mapping[str, Any], replaced: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The form of the run that continues the plan; empty if nothing is left to send, or `run_journeys` does it.

    `replaced` is the result of a replacement that had to be approved after it was decided.
    """
    decided = replaced or decided
    if action not in CONTINUES or decided["state"] != "sending" or not decided["pending"]:
        return {}
    if journey_of(decided["campaign"]):
        return {}
    return {"mode": "live", "occurrence": decided["occurrence"]}


def require_running(task_instance: Any, campaign: str) -> None:
    """Raises `ConfigurationError` if the campaign's DAG is paused: its run would wait for ever, and nobody would know."""
    from include.orchestration.sends import is_running

    if not is_running(task_instance, campaign):
        raise ConfigurationError(
            "is paused in Airflow, so that nobody who is pending would get anything. The decision is kept.",
            where=f"DAG send_{campaign}",
            remedy="Switch the DAG on in Airflow, and clear this task.",
        )


def _decide_about_journey(stores: Stores, journey: str, action: str, by: str, note: str) -> dict[str, Any]:
    """Apply the action to a whole journey; returns its state and how many people are inside."""
    from include.dispatch.journey import control
    from include.ledger import journeys

    commands: dict[str, Any] = {"pause": control.pause, "resume": control.resume, "cancel": control.cancel}
    if action not in commands:
        raise ConfigurationError(
            f"'{action}' is not offered for a journey.", where="form, action",
            remedy="Edit the template: everybody who is still to get it gets the new one.",
        )  # fmt: skip
    commands[action](stores.ledger, journey, by=by, note=note)
    state, inside = journeys.states(stores.ledger)[journey].state, len(journeys.inside(stores.ledger, journey))
    return {"campaign": journey, "state": state, "inside": inside, "pending": 0}


def _waits_for_approval(stores: Stores, plan: Plan) -> bool:
    from include.dispatch.approve import uncorrected

    return uncorrected(stores.ledger, load_mail(plan.campaign), plan.occurrence) is not None


def _replace_content(stores: Stores, plan: Plan, by: str, note: str) -> dict[str, Any]:
    from include.dispatch.plan.correction import replace_content

    return replace_content(
        stores, load_mail(plan.campaign), occurrence=plan.occurrence, edge_url=configuration.edge_url(), by=by, note=note
    )


def plan_of(stores: Stores, params: Mapping[str, Any]) -> Plan:
    """The plan of the form. Raises `ConfigurationError` with the plans to choose from."""
    from include.ledger import plans

    campaign, occurrence = params["campaign"], params["occurrence"]
    if not campaign:
        raise ConfigurationError("no campaign was chosen.", where="form, campaign", remedy="Choose one and start again.")
    known = [plan for plan in plans.all_plans(stores.ledger) if plan.campaign == campaign]
    unfinished = [plan for plan in known if plan.state in ("sending", "paused", "stopped")]
    found = [plan for plan in known if plan.occurrence == occurrence] if occurrence else unfinished
    if len(found) == 1:
        return found[0]
    choices = ", ".join(f"{plan.occurrence} ({plan.state})" for plan in (unfinished or known)[-8:]) or "none"
    raise ConfigurationError(
        f"has no plan of {occurrence}." if occurrence else f"has {len(found)} plans that are not finished.",
        where=f"campaign {campaign}", remedy=f"Name an occurrence. The plans: {choices}.",
    )  # fmt: skip
