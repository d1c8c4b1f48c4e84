"""A broken campaign file is reported with file and line, sends nothing, and does not affect other campaigns."""

from __future__ import annotations

import pytest

from tests.operators.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

TOLD = {
    "no_segment": ("dispatch.plan", "no_segment.yaml, line 6: the segment 'nobody_knows' is not defined."),
    "no_template": ("dispatch.plan", "no_template.yaml, line 7: the template 'nowhere' does not exist."),
    "no_address": ("campaign_file", "no_address.yaml, line 1: postal_address: Field required."),
    "overflow": ("dispatch.plan", "overflow/body.html.j2, line 4: "),
    "raises": ("dispatch.plan", "raises/body.html.j2, line 4: "),
}


def test_bad_campaigns_tell_their_place_and_harm_nobody(stack: Stack) -> None:
    bad = {name: stack.trigger(name) for name in TOLD if name != "no_address"}
    from operations import runs

    bad["no_address"] = runs.trigger(stack.api, "send_no_address", {"mode": "live"})
    good = stack.trigger("unharmed")
    for name, run in bad.items():
        stack.await_run(run, "failed")
        task, words = TOLD[name]
        assert words in stack.told(run)[task]
        assert stack.accepted(name) == []
        assert not stack.has_plan(name)
    stack.await_run(good)
    stack.require_everybody_once("unharmed")
    told = {alert["dag"]: alert["text"] for alert in stack.alerts()}
    for name, (_, words) in TOLD.items():
        assert words in told[f"send_{name}"]
