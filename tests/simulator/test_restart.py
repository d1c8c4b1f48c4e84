"""After a kill and restart the simulator resumes: it loses no accepted message and repeats no event."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.simulator.webhook_receiver import Receiver


def test_accepted_messages_survive_a_kill(start_simulator: Callable[..., RunningSimulator]) -> None:
    simulator = start_simulator(no_recipients=True)
    batch = simulator.post("/v3/mail/batch")["batch_id"]
    group = simulator.post("/v3/asm/groups", {"name": "News", "description": "Weekly"})["id"]
    first = simulator.send(mail(1_000)).headers["X-Message-Id"]
    simulator.stop(signal.SIGKILL)
    key = simulator.public_key
    simulator.start()
    assert {row["x_message_id"] for row in simulator.accepted()} == {first}
    assert len(simulator.accepted()) == 1_000
    assert simulator.public_key == key
    second = simulator.send(mail(batch_id=batch, asm={"group_id": group})).headers["X-Message-Id"]
    assert second != first
    assert [row["seq"] for row in simulator.accepted(x_message_id=second)] == [1_001]


def test_the_database_of_an_older_simulator_is_upgraded(start_simulator: Callable[..., RunningSimulator]) -> None:
    simulator = start_simulator(no_recipients=True)
    simulator.send(mail(3))
    simulator.stop()
    with contextlib.closing(sqlite3.connect(simulator.data / "simulator.sqlite")) as database:
        database.executescript(
            "alter table requests rename column drop_reason to fate; drop index link_visits_due; "
            "alter table link_visits rename to visits; create index visits_due on visits (not_before); "
            "alter table accepted drop column marks; alter table accepted drop column words; "
            "update runs set conditions = '{\"fate\":null}'; pragma user_version = 0;"
        )
    simulator.start()
    assert len(simulator.accepted()) == 3
    assert simulator.get("/control/link-visits") == []
    with contextlib.closing(sqlite3.connect(simulator.data / "simulator.sqlite")) as database:
        assert database.execute("select distinct cast(conditions as text) from runs").fetchall() == [
            ('{"drop_reason":null}',)
        ]


def test_recipients_resume_after_kills(start_simulator: Callable[..., RunningSimulator], receiver: Receiver) -> None:
    simulator = start_simulator(webhook=f"{receiver.url}/events", speed=15, flush=0.05, seed=2)
    simulator.post("/control/rates", {"all": {"deferred": 0, "human_open": 0.8}})
    simulator.send(mail(200))
    for _ in range(2):
        time.sleep(0.5)
        simulator.stop(signal.SIGKILL)
        simulator.start()
    simulator.wait_until_quiet()
    kinds = Counter(event["event"] for event in {event["sg_event_id"]: event for event in receiver.events()}.values())
    emitted = simulator.status()["events_emitted"]
    stats = simulator.get("/v3/stats", start_date=time.strftime("%Y-%m-%d", time.gmtime()))[0]["stats"][0]["metrics"]
    assert stats["requests"] == 200
    assert stats["delivered"] + stats["bounces"] + stats["blocks"] + stats["invalid_emails"] >= 198
    assert kinds["processed"] >= stats["processed"] - 10
    assert len(receiver.events()) >= emitted
    assert {event["tw_key"] for event in receiver.events() if "tw_key" in event} == {f"key-{at}" for at in range(200)}


@pytest.mark.parametrize("same", ["port", "folder"])
def test_a_port_or_folder_in_use_is_reported_in_one_line(idle: RunningSimulator, tmp_path: Path, same: str) -> None:
    simulator = idle
    port = simulator.base_url.rpartition(":")[2] if same == "port" else "0"
    folder = simulator.data if same == "folder" else tmp_path
    command = [sys.executable, "-m", "simulator", "--port", port, "--data", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=800, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert (f"cannot listen on 127.0.0.1:{port}" if same == "port" else "another simulator runs on") in ended.stderr
    assert simulator.send(mail()).status_code == 202


def test_a_stop_during_posts_is_clean(start_simulator: Callable[..., RunningSimulator], receiver: Receiver) -> None:
    simulator = start_simulator(webhook=f"{receiver.url}/events", edge=receiver.url, speed=40, flush=0.05)
    simulator.send(mail(200))
    time.sleep(0.5)
    simulator.stop()
    assert simulator.process.returncode == 0
    log = (simulator.data / "simulator.log").read_text()
    assert "Traceback" not in log
    assert "CRITICAL" not in log
