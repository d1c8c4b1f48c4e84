"""A load that is killed and run again loses no event and stores none twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

from include.core.paths import PROJECT
from tests.collect.conftest import World, make_event

LOAD = "from include.collect.load import load_spool; from include.core.paths import data_paths; load_spool(data_paths())"


def test_a_load_killed_at_any_moment_is_completed_by_the_next(world: World) -> None:
    people = world.send(3000)
    for start in range(0, 3000, 100):
        world.spool([make_event(person, "delivered") for person in people[start : start + 100]] * 2)
    random_delay, killed = random.Random(7), 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", LOAD], cwd=PROJECT, env=os.environ)
        time.sleep(0.4 + random_delay.random())
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed
    world.load()
    sums = world.query("select count(*), sum(events), sum(new_events), sum(duplicates) from engagement.spool_files")
    assert sums == [(30, 6000, 3000, 3000)]
    assert world.query("select count(*), count(distinct dedup_key) from engagement.events") == [(3000, 3000)]
    assert list((world.paths.spool / "incoming").glob("*")) == []
    assert len(list((world.paths.spool / "archive").rglob("*.json"))) == 30
