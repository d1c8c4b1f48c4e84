"""1 and 6. A campaign that must be approved: killed between approval and plan, and edited after its approval."""

from __future__ import annotations

from typing import Any

from include.core.errors import NotApproved
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.injection import Injection
from tests.faults.resources import CAMPAIGN
from tests.faults.scenario import DAG, Scenario

APPROVED: dict[str, Any] = {"campaign": CAMPAIGN.model_copy(update={"approval": "required"})}
PLACES = (("approve", "inside"), ("approve", "after"), ("plan", "before"), ("plan", "inside"), ("plan", "after"))


@fault(1, "killed between the approval and the plan", planned=False)
def between_approval_and_plan(scenario: Scenario) -> Allowed:
    """An approval that was not kept sends nothing; one that was kept is not asked for again."""
    refused(scenario)
    point, when = scenario.random.choice(PLACES)
    assert scenario.run("approve", *DAG, injections=(Injection(point, when),), **APPROVED) is None
    if (point, when) == ("approve", "inside"):
        refused(scenario)
        scenario.finish("approve", **APPROVED)
    scenario.finish(*DAG, **APPROVED)
    return Allowed(doubtful=CONNECTIONS * scenario.kills)


@fault(6, "the template is edited after its approval", planned=False)
def edited_after_approval(scenario: Scenario) -> Allowed:
    """Nothing is sent with other content than was approved; what was approved is sent once."""
    scenario.finish("approve", **APPROVED)
    body = scenario.root / "templates" / "spring" / "body.html.j2"
    before = body.read_text()
    body.write_text(before.replace("Dear", "Hello"))
    refused(scenario)
    body.write_text(before)
    scenario.finish(*DAG, **APPROVED)
    return Allowed()


def refused(scenario: Scenario) -> None:
    """Nothing is planned and nothing sent."""
    result = scenario.run(*DAG, **APPROVED)
    assert result is not None
    assert result.error == NotApproved.__name__, result
    assert scenario.simulator.accepted(scenario.campaign.id) == []
