"""The alert for the exception that ended a task."""

from __future__ import annotations

import errno
import inspect
import re

import orjson
import pytest

from include.core import errors
from include.core.errors import CampaignStopped, TradewindError, may_retry
from include.core.failure_alert import ALERT_RULES, DISK_FULL, TASK_LOST, UNEXPECTED, failure_alert_for
from include.core.paths import PROJECT
from include.sendgrid.response_class import classify
from include.sendgrid.transport import Answer
from tests.docs.headings import headings

WHERE = {"dag": "send_newsletter", "run": "manual__1", "task": "dispatch.send_range"}


def stopped(status: int, body: dict[str, object]) -> CampaignStopped:
    """The error that `outcome.stop_campaign` raises for this response."""
    reason = classify(Answer(status, True, body=orjson.dumps(body))).reason
    return CampaignStopped(f"the campaign was stopped: {reason}.", where="plan p", remedy="Fix the cause.")


@pytest.mark.parametrize(
    ("error", "page"),
    [
        (stopped(401, {"errors": [{"message": "Maximum credits exceeded"}]}), "campaign-stopped.md#credits"),
        (stopped(401, {"errors": [{"message": "authorization required"}]}), "campaign-stopped.md#key"),
        (stopped(403, {"errors": [{"message": "the from address does not match"}]}), "campaign-stopped.md#sender"),
        (stopped(400, {"errors": [{"field": "from.email", "message": "x"}]}), "campaign-stopped.md#refused-request"),
        (CampaignStopped("the campaign is paused (breaker: complaints at 0.20 %)."), "breaker-open.md#what-to-do"),
        (CampaignStopped("the campaign is paused (paused by an operator)."), "campaign-stopped.md#paused-by-an-operator"),
        (CampaignStopped("the campaign is stopped."), "campaign-stopped.md#what-to-do"),
        (errors.ConservationBroken("x"), "conservation-broken.md#what-to-do"),
        (errors.LedgerBehindJournal("x"), "restored-ledger.md#what-to-do"),
        (errors.DiskTooSmall("x"), "disk-full.md#what-to-do"),
        (errors.PlanError("may have been sent between the backup of a and b."), "restored-installation.md#what-to-do"),
        (errors.ConsentChainBroken("x"), "consent-chain.md#what-to-do"),
        (errors.ErasureIncomplete("x"), "failed-task.md#privacy-request"),
        (errors.ArchiveDamaged("x"), "failed-task.md#archived-events"),
        (errors.CampaignRunning("x"), "failed-task.md#privacy-request"),
        (errors.QualityStop("x"), "quality-stop.md#what-to-do"),
        (errors.QualityStop("x", where="marts, run r"), "quality-stop.md#segments-sends-events-and-marts"),
        (errors.QualityStop("x", where="sends, run r"), "quality-stop.md#segments-sends-events-and-marts"),
        (errors.ContentChanged("x"), "campaign-stopped.md#content-changed"),
        (errors.NotApproved("x"), "failed-task.md#not-approved"),
        (errors.PlanDamaged("x"), "damaged-plan.md#what-to-do"),
        (errors.PlanError("x"), "failed-task.md#campaign-or-setting"),
        (errors.ConfigurationError("x"), "failed-task.md#campaign-or-setting"),
        (errors.EdgeUnavailable("x"), "failed-task.md#edge-does-not-answer"),
        (errors.SegmentStopped("x"), "segment-stopped.md#what-to-do"),
        (errors.SegmentsBroken("x"), "failed-task.md#campaign-or-setting"),
        (errors.SourceUnavailable("x"), "failed-task.md#source"),
        (errors.PaceHeld("x"), "failed-task.md#pace"),
        (errors.EspUnavailable("x"), "failed-task.md#sendgrid-does-not-answer"),
        (errors.WarehouseBusy("x"), "warehouse-busy.md#what-to-do"),
        (errors.WarehouseOutOfMemory("x"), "failed-task.md#memory"),
        (errors.FenceLost("x"), "failed-task.md#lease-lost"),
        (errors.PublishError("x"), "failed-task.md#publishing"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full.md#what-to-do"),
        (RuntimeError("database or disk is full"), "disk-full.md#what-to-do"),
        (KeyError("x"), "failed-task.md#anything-else"),
        (None, "failed-task.md#task-lost"),
    ],
    ids=str,
)
def test_each_error_has_a_runbook_page(error: BaseException | None, page: str) -> None:
    assert failure_alert_for(error, **WHERE).runbook == f"docs/runbook/{page}"


def test_every_tradewind_error_has_an_alert_rule() -> None:
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, TradewindError)]
    without = {kind.__name__ for kind in classes if not any(issubclass(kind, row.error) for row in ALERT_RULES)}
    assert without == {"TradewindError"}


def test_the_page_and_heading_of_every_rule_exist() -> None:
    for row in (*ALERT_RULES, DISK_FULL, TASK_LOST, UNEXPECTED):
        page, _, heading = row.runbook.partition("#")
        path = PROJECT / "docs" / "runbook" / page
        assert path.is_file(), page
        assert heading in headings(path), row.runbook


def test_pages_named_elsewhere_in_the_code_exist() -> None:
    found = set()
    for folder in ("include", "dags", "operations"):
        for path in (PROJECT / folder).rglob("*.py"):
            found |= set(re.findall(r"docs/runbook/([\w-]+\.md)(?:#([\w-]+))?", path.read_text()))
    assert {page for page, _ in found} >= {"breaker-open.md", "growing-doubt.md", "webhook-silent.md", "missed-deadline.md"}
    for page, heading in found:
        path = PROJECT / "docs" / "runbook" / page
        assert path.is_file(), page
        assert not heading or heading in headings(path), f"{page}#{heading}"


def test_only_messages_of_tradewind_errors_are_shown() -> None:
    try:
        raise ValueError("jane@example.com is not a number")
    except ValueError as error:
        happened = failure_alert_for(error, **WHERE).happened
    assert happened.startswith("ValueError at tests/alerts/test_failure_alert.py, line ")
    assert "jane" not in happened
    assert "has no plan" in failure_alert_for(errors.PlanError("has no plan."), **WHERE).happened


def test_alerts_of_campaigns_differ_by_run_and_those_of_other_dags_do_not() -> None:
    error = errors.QualityStop("x")
    again = {**WHERE, "run": "manual__2"}
    assert failure_alert_for(error, **WHERE).about != failure_alert_for(error, **again).about
    steady = {"dag": "collect_engagement", "task": "collect.load"}
    assert failure_alert_for(error, run="1", **steady).about == failure_alert_for(error, run="2", **steady).about


def test_alerts_for_transient_errors_are_warnings() -> None:
    for row in ALERT_RULES:
        if row.error in (errors.WarehouseBusy, errors.PaceHeld, errors.EspUnavailable):
            assert may_retry(row.error("x"))
            assert row.severity == "warning"
