"""1. kill -9 while people go through a journey: each step happens once, and nobody is lost inside."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from include.core.journey import mail_id
from include.core.keys import message_key
from include.ledger import counts, journeys, plans
from include.ledger.tables import journey_plans
from include.warehouse.connection import open_warehouse
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.injection import Injection
from tests.faults.scenario import Scenario

JOURNEY = """\
id: faulty
name: Faulty
owner: marketing
purpose: A journey for tests.
trigger: signups
mail:
  template: spring
  sender: {email: news@shop.example.com, name: Shop}
  postal_address: 1 Harbour Street, 20457 Hamburg, Germany
  frequency_cap_hours: 0
steps:
  - id: first
    mail: {}
  - id: a_minute
    wait: {minutes: 1}
  - id: half
    split:
      arms:
        - {id: more, percent: 50}
        - {id: enough, percent: 50, then: end}
  - id: second
    mail: {}
"""
PLACES = (
    ("enter", "before"), ("enter", "after"), ("apply", "before"), ("apply", "after"), ("move", "inside"), ("move", "after"),
    ("saw", "before"), ("saw", "after"), ("write_manifest", "before"), ("write_manifest", "after"), ("plan", "before"),
    ("plan", "inside"), ("plan", "after"), ("claim", "after"), ("post", "before"), ("post", "after"), ("outcome", "inside"),
    ("outcome", "after"), ("change_state", "inside"), ("change_state", "after"), ("copy", "before"), ("copy", "inside"),
)  # fmt: skip
RUNS = 30


@fault(1, "killed while people go through a journey", people=60, planned=False, monitored=False)
def through_a_journey(scenario: Scenario) -> Allowed:
    """Runs of the journeys, a minute apart, of which some are killed, until everybody is out."""
    sign_up(scenario)
    for number in range(RUNS):
        scenario.run("journeys", injections=kill(scenario), environment=environment(scenario, number))
        entries = inside_and_out(scenario)
        if entries and all(entry.state != "inside" for entry in entries):
            break
    scenario.finish("journeys", environment=environment(scenario, RUNS + 5))
    assert_each_step_once(scenario)
    return Allowed(doubtful=CONNECTIONS * scenario.kills)


def sign_up(scenario: Scenario) -> None:
    """Everybody signs up now, which starts the journey; the plan that the checks look at is that of its first mail."""
    folder = scenario.root / "journeys"
    folder.mkdir()
    (folder / "faulty.yaml").write_text(JOURNEY)
    with open_warehouse(scenario.paths) as warehouse:
        warehouse.execute("update core.subscribers set signed_up_at = now() - interval 1 minute")
    scenario.campaign = scenario.campaign.model_copy(update={"id": mail_id("faulty", "first")})
    scenario.occurrence = "00000001"
    scenario.plan_id = plans.plan_id_of(scenario.campaign.id, scenario.occurrence)


def kill(scenario: Scenario) -> tuple[Injection, ...]:
    """A kill at a random place, in the first run and in some others."""
    if scenario.kills >= 4 or (scenario.runs and scenario.random.random() < 0.4):
        return ()
    point, when = scenario.random.choice(PLACES)
    return (Injection(point, when, scenario.random.randint(1, 3)),)


def environment(scenario: Scenario, number: int) -> dict[str, str]:
    """The files of the journey, and a clock that is a good minute later with each run."""
    clock = {"TRADEWIND_CLOCK_OFFSET_SECONDS": str(61 * number)}
    templates = {"TRADEWIND_TEMPLATES": str(scenario.root / "templates")}
    return {"TRADEWIND_JOURNEYS": str(scenario.root / "journeys"), **templates, **clock}


def inside_and_out(scenario: Scenario) -> list[journeys.Entry]:
    return journeys.of_people(scenario.ledger, "faulty", [str(number) for number in range(scenario.people)])


def assert_each_step_once(scenario: Scenario) -> None:
    """Everybody passed every step of their way once, in one plan, and got its mail once or is in doubt."""
    entries = inside_and_out(scenario)
    assert Counter(entry.state for entry in entries) == {"finished": scenario.people}, Counter(e.state for e in entries)
    ways = {entry.entry_id: [step.step for step in journeys.steps_of(scenario.ledger, entry.entry_id)] for entry in entries}
    more = {name for name, steps in ways.items() if "second" in steps}
    assert all({*steps} >= {"first", "a_minute", "half"} for steps in ways.values())
    for step, expected in (("first", set(ways)), ("second", more)):
        campaign = mail_id("faulty", step)
        keys = {message_key(campaign, f"trigger {each.trigger_key}", each.subscriber_id) for each in entries
                if each.entry_id in expected}  # fmt: skip
        taken = Counter(row["tw_key"] for row in scenario.simulator.accepted(campaign))
        assert set(taken) <= keys, f"{len(set(taken) - keys)} got the mail of {step} without being at it"
        assert max(taken.values(), default=1) == 1, f"somebody got the mail of {step} twice"
        tallies = plan_tallies(scenario, step)
        assert sum(tally.selected for tally in tallies) == len(expected)
        assert sum(tally.accepted for tally in tallies) >= len(expected) - CONNECTIONS * scenario.kills * scenario.chunk_size
        assert sum(tally.pending + tally.skipped + tally.capped + tally.suppressed for tally in tallies) == 0


def plan_tallies(scenario: Scenario, step: str) -> list[counts.Tally]:
    """The people by state of each plan of a step."""
    with scenario.ledger.read() as connection:
        found = connection.scalars(select(journey_plans.c.plan_id).where(journey_plans.c.step == step)).all()
        return [counts.require_conservation(connection, plan_id) for plan_id in found]
