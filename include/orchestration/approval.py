"""The task that asks people in Airflow to approve a campaign, and waits for their answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from include.core.campaign_file import load_campaign
from include.core.errors import ConfigurationError, NotApproved
from include.orchestration import configuration, control, links, runs

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.core.campaign import Campaign
    from include.dispatch.approve import Question
    from include.dispatch.plan.approval import Subject
    from include.ledger.stores import Stores

TIMEOUT = "timeout"
RETRIES = 100
"""Each edit while the question waits is a retry, which asks anew."""


class ApproveCampaign(ApprovalOperator):
    """Asks whether a campaign may be sent as its preview shows it, until enough people approved, one rejects, or time is up.

    Answers are kept in the ledger, where dispatch checks them. After a rejection, or without an answer in time, the tasks
    directly downstream are skipped. `correction`: asks about new content for a plan that is being sent.
    """

    template_fields = (*ApprovalOperator.template_fields, "campaign")
    operator_extra_links = (links.PreviewLink(),)

    def __init__(self, *, campaign: str, correction: bool = False, **kwargs: Any) -> None:
        super().__init__(subject=f"May {campaign} be sent?", body="", retries=RETRIES, **kwargs)
        self.campaign, self.correction = campaign, correction

    def execute(self, context: Context) -> Any:
        """Ask, unless nothing needs an approval any more."""
        if self.correction and context["params"]["action"] != "replace_content":
            raise AirflowSkipException("no content is replaced")
        with configuration.stores() as stores:
            campaign, occurrence = self._about(stores, context)
            wanted = self._wanted(stores, campaign, occurrence)
            if wanted is None:
                self.log.info("Approved already.")
                return {"chosen_options": [self.APPROVE], "params_input": {}}
            require_people(campaign)
            question = _ask(stores, campaign, occurrence, wanted, context)
        occurrence = "" if campaign.occurrence == "once" else f" of {question['occurrence']}"
        self.subject = f"{campaign.name}: {'replace the content' if self.correction else 'send the mail'}{occurrence}?"
        self.body = _body(question)
        return self._wait(context, question)

    def execute_complete(self, context: Context, event: dict[str, Any], question: Question | None = None) -> Any:
        """Keep the answer; then continue, ask further people, or skip what is downstream."""
        from include.dispatch.approve import edited

        assert question is not None
        if event.get("error_type", TIMEOUT) != TIMEOUT:
            self.process_trigger_event_error(event)
        campaign = load_campaign(question["campaign"])
        with configuration.stores() as stores:
            outcome = _answer(stores, campaign, question, event)
        if outcome == "edited":
            raise edited(campaign)
        if outcome == "unanswered":
            require_people(campaign, event.get("responded_by_user"))
            return self._wait(context, question)
        return self._end(context, event, campaign, self.APPROVE if outcome == "approved" else self.REJECT)

    def _end(self, context: Context, event: dict[str, Any], campaign: Campaign, chosen: str) -> Any:
        """Continue, or skip what is downstream, as the operator's class does after a click."""
        rule, timed_out = campaign.approval_rule, "error" in event
        if timed_out and rule and rule.on_timeout == "fail":
            raise NotApproved(
                f"was not approved within {rule.within}.", where=campaign.id, remedy="Start it again, which asks again."
            )
        answered = {name: event.get(name) for name in ("responded_by_user", "params_input")}
        at = event.get("responded_at") or datetime.now(UTC)
        return super().execute_complete(context, {**answered, "responded_at": at, "chosen_options": [chosen]})

    def _about(self, stores: Stores, context: Context) -> tuple[Campaign, str]:
        from include.dispatch.start import period_of

        params, run = context["params"], context["dag_run"]
        campaign, moment = load_campaign(self.campaign), runs.run_moment(run)
        if self.correction:
            return campaign, control.plan_of(stores, params).occurrence
        if runs.run_mode(run, params) == runs.AHEAD:
            return campaign, period_of(stores.ledger, campaign, campaign.next_run(moment) or moment, None)
        return campaign, period_of(stores.ledger, campaign, moment, params["occurrence"])

    def _wanted(self, stores: Stores, campaign: Campaign, occurrence: str) -> Subject | None:
        """What must be approved; None if it is approved. Skips the task if no content waits for an approval."""
        from include.dispatch import approve

        if not self.correction:
            return approve.unapproved(stores.ledger, campaign, occurrence)
        if not approve.needs_approval_of_content(stores.ledger, campaign, occurrence):
            raise AirflowSkipException("no content waits for an approval")
        return approve.uncorrected(stores.ledger, campaign, occurrence)

    def _wait(self, context: Context, question: Question) -> Any:
        """Wait for an answer. The question goes along, so that the answer is about what was shown."""
        left = question["until"] - datetime.now(UTC).timestamp()
        self.response_timeout = timedelta(seconds=max(left, 1))
        try:
            return super().execute(context)
        except TaskAwaitingInput as waiting:
            raise TaskAwaitingInput(
                method_name=waiting.method_name, kwargs={"question": dict(question)}, timeout=waiting.timeout
            ) from None


def require_people(campaign: Campaign, user: Any = None) -> None:
    """Raises `ConfigurationError` if the campaign wants different people, but Airflow cannot tell them apart."""
    from include.ledger.approvals import ANONYMOUS

    rule = campaign.approval_rule
    if rule is None or rule.people < 2:
        return
    if configuration.has_anonymous_admins() or (user or {}).get("id") == ANONYMOUS:
        raise ConfigurationError(
            f"{rule.people} different people must approve, but this Airflow has no logins: everybody is '{ANONYMOUS}'.",
            where=f"campaign {campaign.id}, approval",
            remedy="Set AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=False and give each person a user "
            "(AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=anna:admin,ben:admin, or another auth manager); or write people: 1.",
        )


def _ask(stores: Stores, campaign: Campaign, occurrence: str, wanted: Subject, context: Context) -> Question:
    from include.dispatch import approve

    run: Any = context["dag_run"]
    return approve.ask(
        stores, campaign, occurrence, wanted, run=run.run_id, at=runs.run_moment(run),
        edge_url=configuration.edge_url(), account_pace=configuration.account_pace(), with_pictures=True,
    )  # fmt: skip


def _body(question: Question) -> str:
    """The question in Markdown, with a link to the preview and the picture of its first mail."""
    page, picture = links.page_url(question["page"]), question["picture"]
    shown = f"\n\n[![The first mail of the preview]({links.page_url(picture)})]({page})" if picture else ""
    return f"[**Open the preview**]({page})\n\n{question['text']}{shown}"


def _answer(stores: Stores, campaign: Campaign, question: Question, event: dict[str, Any]) -> str:
    """The outcome of an event: an answer of a person, or the end of the time."""
    from include.dispatch import approve

    user, chosen = event.get("responded_by_user"), event.get("chosen_options") or []
    if "error" in event:
        return approve.reject(stores, question, None)
    if not user:
        return "unanswered"
    if list(chosen) == [ApprovalOperator.APPROVE]:
        return approve.approve(stores, campaign, question, user)
    return approve.reject(stores, question, user)


def due(campaign: Campaign, sending: timedelta) -> timedelta:
    """By when a run of the campaign should be done: the time for sending, and that for its approval."""
    rule = campaign.approval_rule
    return sending + (rule.time if rule else timedelta())
