"""Maps the exception that ended a task to an alert: one rule per kind of failure, each with a runbook page."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from traceback import walk_tb
from typing import Literal, NamedTuple

from include.core import errors
from include.core.alert import Alert
from include.core.paths import PROJECT

Severity = Literal["warning", "critical"]

NOT_SENT = "No message was sent twice and none was lost: unsent messages are pending. Other campaigns continue."
UNCHANGED = "Nothing was replaced: the previous state is still in use."
SAFE_TO_RERUN = "Every write is a replace or a merge, so the task can be cleared and run again at any time."

STAGE_CHECKS = "quality-stop.md#segments-sends-events-and-marts"


class AlertRule(NamedTuple):
    """The alert for exceptions of a class whose text matches `pattern`."""

    error: type[BaseException]
    pattern: str
    kind: str
    title: str
    safe: str
    next_step: str
    runbook: str
    severity: Severity = "critical"


ALERT_RULES = (
    AlertRule(
        errors.CampaignStopped, r"breaker:", "breaker-open", "The circuit breaker holds a campaign back", NOT_SENT,
        "Find the cause of the bounces or complaints before you resume.", "breaker-open.md#what-to-do",
    ),
    AlertRule(
        errors.CampaignStopped, r"credits", "campaign-stopped", "SendGrid's credits are used up", NOT_SENT,
        "Buy credits, then clear the task.", "campaign-stopped.md#credits",
    ),
    AlertRule(
        errors.CampaignStopped, r"\b401\b", "campaign-stopped", "SendGrid refuses the API key", NOT_SENT,
        "Set a valid key, then clear the task.", "campaign-stopped.md#key",
    ),
    AlertRule(
        errors.CampaignStopped, r"\b403\b", "campaign-stopped", "SendGrid refuses the sender or the key's scope", NOT_SENT,
        "Verify the sender or give the key the scope mail.send, then clear the task.", "campaign-stopped.md#sender",
    ),
    AlertRule(
        errors.CampaignStopped, r"\b4\d\d\b", "campaign-stopped", "SendGrid refuses the request itself", NOT_SENT,
        "Fix what the message names, then clear the task.", "campaign-stopped.md#refused-request",
    ),
    AlertRule(
        errors.CampaignStopped, r"paused|cancelled", "campaign-stopped", "The campaign is paused or cancelled", NOT_SENT,
        "Resume the campaign, or leave it paused.", "campaign-stopped.md#paused-by-an-operator", "warning",
    ),
    AlertRule(
        errors.CampaignStopped, "", "campaign-stopped", "A campaign was stopped", NOT_SENT,
        "Read the reason, fix the cause, then clear the task.", "campaign-stopped.md#what-to-do",
    ),
    AlertRule(
        errors.PlanError, r"may have been sent between the backup", "sent-before-restore",
        "A campaign may have been sent before the installation was restored", NOT_SENT,
        "Look at SendGrid whether it was sent, then confirm that it was not, or leave it.",
        "restored-installation.md#what-to-do",
    ),
    AlertRule(
        errors.DiskTooSmall, "", "disk-too-small", "A plan or backup would fill the disk", NOT_SENT,
        "Free some space, then clear the task.", "disk-full.md#what-to-do",
    ),
    AlertRule(
        errors.LedgerBehindJournal, "", "restored-ledger", "The ledger lacks requests that are in the journal",
        "Nothing was sent, and nothing will be before the journal is replayed.",
        "Do not clear the task. Replay the journal into the ledger first.", "restored-ledger.md#what-to-do",
    ),
    AlertRule(
        errors.ConservationBroken, "", "conservation-broken", "The sums do not match",
        "Nothing was published, and the plan stays as it is.", "Send nothing more before you know the cause.",
        "conservation-broken.md#what-to-do",
    ),
    AlertRule(
        errors.ConsentChainBroken, "", "consent-chain", "The consent log was changed",
        "The check changes nothing, and the marts are published in spite of it.",
        "Find the row that the message names before anything is sent.", "consent-chain.md#what-to-do",
    ),
    AlertRule(
        errors.ErasureIncomplete, "", "erasure-incomplete", "A person who asked for erasure is still in a file or table",
        "The person is suppressed and gets no mail.", "Clear the task; if it fails again, look at the places that it names.",
        "failed-task.md#privacy-request",
    ),
    AlertRule(
        errors.ArchiveDamaged, "", "archive-damaged", "A file of archived events cannot be read",
        "The events are in the warehouse; only their raw proof is damaged.", "Restore the file from a backup.",
        "failed-task.md#archived-events",
    ),
    AlertRule(
        errors.CampaignRunning, "", "campaign-running", "A privacy request waits for a campaign that is being sent",
        "The person is suppressed and gets no mail.", "Clear the task when the campaign has ended, or pause the campaign.",
        "failed-task.md#privacy-request", "warning",
    ),
    AlertRule(
        errors.QualityStop, r"^marts, run ", "quality-marts", "The marts break a rule of data quality",
        "Nothing was published: analysts keep the previous file.",
        "Read which mart and rule the message names; once it is fixed, clear analyze.marts.", STAGE_CHECKS,
    ),
    AlertRule(
        errors.QualityStop, r"^(sends|events), run ", "quality-stage", "Sends or events break a rule of data quality",
        "Everything is recorded, and nothing is sent again.", "Read what the message names, and follow its remedy.",
        STAGE_CHECKS,
    ),
    AlertRule(
        errors.QualityStop, "", "quality-stop", "A batch of subscribers is rejected",
        "Nothing was merged. People whose rows are refused or unreadable get no mail; campaigns continue with the others.",
        "Open the quality page and check the source.", "quality-stop.md#what-to-do",
    ),
    AlertRule(
        errors.ContentChanged, "", "content-changed", "A template was edited while its plan is being sent", NOT_SENT,
        "Restore the content, or cancel the rest of the plan.", "campaign-stopped.md#content-changed",
    ),
    AlertRule(
        errors.NotApproved, "", "not-approved", "A campaign is not approved", "Nothing was sent. Other campaigns go on.",
        "Run the campaign again with mode live: it asks for the approval.", "failed-task.md#not-approved", "warning",
    ),
    AlertRule(
        errors.PlanDamaged, "", "damaged-plan", "A file of a frozen plan is damaged", NOT_SENT,
        "Restore the file from your backup.", "damaged-plan.md#what-to-do",
    ),
    AlertRule(
        errors.SegmentStopped, "", "segment-stopped", "A segment's size or definition stops a campaign",
        "Nothing was sent. Campaigns of other segments go on.",
        "Find out why the segment changed; then fix it, or accept its size.", "segment-stopped.md#what-to-do",
    ),
    AlertRule(
        errors.PlanError, "", "plan-error", "A campaign cannot be planned", "Nothing was sent. Other campaigns go on.",
        "Fix the file that the message names, then clear the task.", "failed-task.md#campaign-or-setting",
    ),
    AlertRule(
        errors.SegmentsBroken, "", "segments-broken", "Some segments could not be built",
        "The other segments are built. Campaigns of a broken segment, or of one that reads it, do not send.",
        "Fix the definitions that the message names, then clear the task.", "failed-task.md#campaign-or-setting",
    ),
    AlertRule(
        errors.JourneysBroken, "", "journeys-broken", "Some journeys could not go on",
        "The other journeys went on. Nobody inside is lost; they wait at their step.",
        "Fix the file that the message names; the next run goes on by itself.", "journey-broken.md#what-to-do",
    ),
    AlertRule(
        errors.ConfigurationError, "", "configuration", "A setting or file is wrong", UNCHANGED,
        "Fix what the message names, then clear the task.", "failed-task.md#campaign-or-setting",
    ),
    AlertRule(
        errors.SourceError, "", "source", "The subscribers' source violates the data contract or does not answer", UNCHANGED,
        "Check the source that the message names; the next run reads the missing changes.", "failed-task.md#source",
    ),
    AlertRule(
        errors.WarehouseBusy, "", "warehouse-busy", "Another process holds the warehouse", UNCHANGED,
        "Find the process that has the file open and stop it.", "warehouse-busy.md#what-to-do", "warning",
    ),
    AlertRule(
        errors.WarehouseOutOfMemory, "", "warehouse-memory", "A task of the warehouse ran out of memory", UNCHANGED,
        "Set what the message names, restart the services, then clear the task.", "failed-task.md#memory",
    ),
    AlertRule(
        errors.TaskOutOfMemory, "", "task-memory", "A task needs more memory than its budget", SAFE_TO_RERUN,
        "Set what the message names, restart the services, then clear the task.", "failed-task.md#memory",
    ),
    AlertRule(
        errors.LedgerUnavailable, "", "ledger-unavailable", "The ledger's database does not answer", NOT_SENT,
        "Make sure that the database is running, then clear the task.", "failed-task.md#ledger-does-not-answer",
    ),
    AlertRule(
        errors.PaceHeld, "", "pace-held", "A cap or send window still holds messages back", NOT_SENT,
        "Run the DAG again once the cap has ended, or raise it.", "failed-task.md#pace", "warning",
    ),
    AlertRule(
        errors.EspUnavailable, "", "esp-unavailable", "SendGrid does not answer, or messages are still pending", NOT_SENT,
        "Check SendGrid's status, then clear the task.", "failed-task.md#sendgrid-does-not-answer", "warning",
    ),
    AlertRule(
        errors.EdgeUnavailable, "", "edge-unavailable", "The edge does not answer: unsubscribe links do not work", NOT_SENT,
        "Make sure that the edge answers at edge_public_url, then clear the task.", "failed-task.md#edge-does-not-answer",
    ),
    AlertRule(
        errors.FenceLost, "", "fence-lost", "A task's lease on a chunk was taken over", NOT_SENT,
        "Clear the task: it sends only what is pending.", "failed-task.md#lease-lost", "warning",
    ),
    AlertRule(
        errors.PublishError, "", "publish-error", "The published file could not be verified", UNCHANGED,
        "Clear publish.file; analysts still read the previous file.", "failed-task.md#publishing",
    ),
)  # fmt: skip

DISK_FULL = AlertRule(
    OSError, "", "disk-full", "The disk is full", "No file is half written: the previous state is still in use.",
    "Free some space, then clear the task.", "disk-full.md#what-to-do",
)  # fmt: skip
TASK_LOST = AlertRule(
    BaseException, "", "task-lost", "A task ended without an exception", SAFE_TO_RERUN,
    "If you marked it as failed, nothing. Otherwise check its log and the machine's memory, then clear the task.",
    "failed-task.md#task-lost",
)  # fmt: skip
UNEXPECTED = AlertRule(
    Exception, "", "failed-task", "A task failed with an unexpected error", SAFE_TO_RERUN,
    "Read the task's log. If it fails again, report the error with its location.", "failed-task.md#anything-else",
)  # fmt: skip


def failure_alert_for(error: BaseException | None, *, dag: str, run: str, task: str) -> Alert:
    """The alert for a task that ended with `error`; None if its process was lost.

    The alert quotes Tradewind's own errors only: the text of any other may contain row values, so its class and location are
    shown instead. Each run of a campaign's DAG is alerted separately; elsewhere repeated failures of a task are repetitions.
    """
    rule = _rule_for(error)
    return Alert(
        rule.kind, f"{dag}: {rule.title}", _happened(error), rule.safe, rule.next_step,
        f"docs/runbook/{rule.runbook}", rule.severity, dag, run, task, about=run if dag.startswith("send_") else task,
    )  # fmt: skip


def _rule_for(error: BaseException | None) -> AlertRule:
    if error is None:
        return TASK_LOST
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or re.search("No space left|disk is full", str(error)):
        return DISK_FULL
    rows = (row for row in ALERT_RULES if isinstance(error, row.error) and re.search(row.pattern, str(error)))
    return next(rows, UNEXPECTED)


def _happened(error: BaseException | None) -> str:
    if error is None:
        return "No exception: the process was killed or lost, or the task or its run was marked as failed."
    if isinstance(error, errors.TradewindError):
        return str(error)
    return f"{type(error).__name__} {_location(error)}".strip()


def _location(error: BaseException) -> str:
    """The innermost location in this project in the exception's traceback."""
    frames = [(Path(frame.f_code.co_filename), line) for frame, line in walk_tb(error.__traceback__)]
    ours = [(path, line) for path, line in frames if path.is_relative_to(PROJECT) and ".venv" not in path.parts]
    return f"at {ours[-1][0].relative_to(PROJECT)}, line {ours[-1][1]}" if ours else ""
