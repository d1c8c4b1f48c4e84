"""A broken campaign file is reported with file and line, sends nothing, and does not affect other campaigns."""

from __future__ import annotations

import pytest

from tests.operators.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

ERRORS = {
    "no_segment": ("dispatch.plan", "no_segment.yaml, line 6: the segment 'nobody_knows' is not defined"),
    "no_template": ("dispatch.plan", "no_template.yaml, line 7: the template 'nowhere' does not exist."),
    "no_address": ("campaign_file", "no_address.yaml, line 1: postal_address: is missing."),
    "overflow": ("dispatch.plan", "overflow/body.html.j2, line 5: "),
    "raises": ("dispatch.plan", "raises/body.html.j2, line 5: "),
}


@pytest.mark.slow
def test_errors_name_file_and_line_and_affect_no_other_campaign(stack: Stack) -> None:
    bad = {name: stack.trigger(name) for name in ERRORS if name != "no_address"}
    from operations import runs

    bad["no_address"] = runs.trigger(stack.api, "send_no_address", {"mode": "live"})
    good = stack.trigger("unaffected")
    for name, run in bad.items():
        stack.await_run(run, "failed")
        task, words = ERRORS[name]
        assert words in stack.errors(run)[task]
        assert stack.accepted(name) == []
        assert not stack.has_plan(name)
    stack.await_run(good)
    stack.require_everybody_once("unaffected")
    alerts = {alert["dag"]: alert["text"] for alert in stack.alerts()}
    for name, (_, words) in ERRORS.items():
        assert words in alerts[f"send_{name}"]
