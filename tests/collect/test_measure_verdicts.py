"""The ground truth comes from the simulator only, is compared, and leaves nothing but counts."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from include.collect.classify import RULE_VERSION
from include.collect.measure_verdicts import NO_ANSWER, NO_TRUTH, measure_verdicts
from include.core.connections import SendGridAccount
from tests.collect.conftest import SendGrid, World, make_event
from tests.ports import free_port
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail


def test_a_real_sendgrid_is_not_asked_and_the_result_says_so(world: World) -> None:
    assert measure_verdicts(SendGridAccount("https://api.sendgrid.com", "SG.x"), world.paths) == NO_TRUTH
    assert world.query("select count(*) from engagement.verdict_quality") == [(0,)]


@pytest.mark.parametrize("answer", [(404, b"{}"), (500, b""), (200, b"<p>Hello"), (200, b"{}"), (200, b"[]")])
def test_a_server_on_loopback_without_ground_truth_is_not_an_error(
    world: World, sendgrid: tuple[SendGrid, SendGridAccount], answer: tuple[int, bytes]
) -> None:
    state, account = sendgrid
    state.answer = answer
    assert measure_verdicts(account, world.paths) == NO_TRUTH


def test_a_simulator_that_does_not_answer_stops_nothing(world: World) -> None:
    assert measure_verdicts(SendGridAccount(f"http://127.0.0.1:{free_port()}", "SG.x"), world.paths) == NO_ANSWER


def test_verdicts_are_compared_with_what_the_simulators_machines_did(world: World, tmp_path: Path) -> None:
    """One open of a machine is taken for that of a person; only counts remain of the ground truth."""
    esp = RunningSimulator(tmp_path / "simulator", speed=1000, flush=0.05)
    try:
        esp.post("/control/rates", {"all": {"machine_open": 1, "human_open": 1, "hard_bounce": 0, "blocked": 0}})
        esp.send(mail(20))
        while (status := esp.status())["events_pending"] or status["runs_waiting"]:
            time.sleep(0.05)
        lines = esp.client.get(f"{esp.base_url}/control/truth.ndjson").text.splitlines()
        opens = [json.loads(line) for line in lines]
        machines = [event["sg_event_id"] for event in opens if event["is_machine"]]
        assert len(machines) > 10 < len(opens) - len(machines)
        (ada,) = world.send()
        found = set(machines[1:])
        events = [
            make_event(
                ada, "open", 100 + at, sg_event_id=event["sg_event_id"], sg_machine_open=event["sg_event_id"] in found
            )
            for at, event in enumerate(opens)
        ]
        world.load(events)
        account = SendGridAccount(esp.base_url, esp.key)
        assert measure_verdicts(account, world.paths) == {"measured": len(opens)}
    finally:
        esp.stop()
    events_by_verdict, all_of_one_message = (len(machines) - 1, 1, 0, len(opens) - len(machines)), (1, 1, 1, 1)
    assert world.query("select * exclude (measured_at) from engagement.verdict_quality") == [
        (RULE_VERSION, "opened", *events_by_verdict, *all_of_one_message)
    ]
    tables = "select table_name from duckdb_tables() where table_name like '%truth%'"
    assert world.query(tables) == []
