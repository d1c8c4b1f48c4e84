"""The alerts of the monitor (monitor.py): their texts, severity and runbook pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from include.collect.breaker import Finding
from include.core.alert import Alert
from include.ledger.doubt import UnresolvedDoubt
from include.ledger.holds import Hold

TASK = "monitor"
_NOT_HELD = "Nothing is held back yet."
_FINISHED = (
    "The rate is above the limit that stops a campaign, but this one is finished: there is nothing left to hold back."
)


@dataclass(frozen=True)
class Origin:
    """The DAG run that raises the alerts."""

    dag: str
    run: str


def rate_warning(finding: Finding, origin: Origin) -> Alert:
    """A rate over the warning threshold, or over the limit of a finished campaign."""
    return Alert(
        "rate-warning", f"{finding.campaign} {finding.occurrence}: {finding.reason.partition(' (')[0]}",
        f"Over the last 24 hours, for {finding.provider or 'all mailbox providers'}: {finding.reason}.",
        f"{_FINISHED if finding.stops else _NOT_HELD} People who bounced or complained are suppressed already.",
        "Find out why people bounce or complain before a mailbox provider blocks the domain.",
        "docs/runbook/breaker-open.md#a-warning", "warning", origin.dag, origin.run, TASK, about=finding.name,
    )  # fmt: skip


def breaker_open(hold: Hold, campaign: str, origin: Origin) -> Alert:
    """A hold of the circuit breaker. `campaign` names the campaign and occurrence, or the plan where it is unknown."""
    provider = hold.provider or "all mailbox providers"
    return Alert(
        "breaker-open", f"The circuit breaker holds back {campaign} for {provider}", f"{hold.reason}.",
        "Nobody is dropped: unsent messages stay pending. Other campaigns and providers continue.",
        "Find out why people bounce or complain before you resume.", "docs/runbook/breaker-open.md#what-to-do",
        dag=origin.dag, run=origin.run, task=TASK, about=hold_name(hold),
    )  # fmt: skip


def growing_doubt(row: UnresolvedDoubt, before: int, origin: Origin) -> Alert:
    """More people of a plan are in doubt than at the last check."""
    return Alert(
        "growing-doubt", f"{row.campaign} {row.occurrence}: {row.people} people are in doubt",
        f"At the last check it was {before}. SendGrid may or may not have accepted their messages.",
        "Nobody is mailed again automatically. Events that arrive later still resolve doubt.",
        "Check whether SendGrid or the network has a problem, then whether the webhook delivers.",
        "docs/runbook/growing-doubt.md#what-to-do", "warning", origin.dag, origin.run, TASK,
        about=f"{row.plan_id} {row.people}",
    )  # fmt: skip


def webhook_silent(since: datetime, origin: Origin) -> Alert:
    """Mail was sent and no event has arrived."""
    return Alert(
        "webhook-silent", "The event webhook is silent although mail went out",
        f"No verified event has arrived since {since:%Y-%m-%d %H:%M} UTC.",
        "Mail continues, SendGrid retries its events for 24 hours, and bounces are also read from its lists.",
        "Check whether the edge is reachable from the internet and has the webhook's key.",
        "docs/runbook/webhook-silent.md#what-to-do", dag=origin.dag, run=origin.run, task=TASK,
    )  # fmt: skip


def damaged_links(count: int, origin: Origin) -> Alert:
    """People follow links and none of them works."""
    return Alert(
        "damaged-links", f"The last {count} links that people pressed were all damaged",
        f"{count} different unsubscribe, preference or confirmation links in a row did not verify.",
        "Each page said that nothing was changed and named the address to write to. None confirmed an unsubscribe.",
        "Check whether the edge reads the sender's secrets.json, then whether a proxy or the template breaks links.",
        "docs/runbook/damaged-links.md#what-to-do", dag=origin.dag, run=origin.run, task=TASK,
    )  # fmt: skip


def activities_waiting(since: datetime, origin: Origin) -> Alert:
    """Posted activities are not loaded."""
    return Alert(
        "activities-waiting", "Posted activities wait to be loaded",
        f"The oldest was received at {since:%Y-%m-%d %H:%M} UTC, and they are usually loaded within a minute.",
        "Nothing is lost: they are in spool/activities/incoming, and the port accepts more. Segments do not have them yet.",
        "Check whether collect_activities is paused or failing, then which task occupies the warehouse.",
        "docs/runbook/warehouse-busy.md#activities-wait", "warning", origin.dag, origin.run, TASK,
    )  # fmt: skip


def hold_name(hold: Hold) -> str:
    """Identifies a hold; another for a plan and provider that is held again after a release."""
    return f"{hold.plan_id} {hold.provider} {hold.held_at:.0f}"
