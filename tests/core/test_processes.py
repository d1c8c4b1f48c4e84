"""A process's start time: what earlier releases wrote down, and setting the clock does not move it."""

from __future__ import annotations

import os
import time
from itertools import chain, repeat
from pathlib import Path

import pytest

from include.core.processes import start_time


@pytest.mark.parametrize("pid", [1, os.getpid()], ids=["the first", "our own"])
def test_it_is_what_a_claim_of_an_earlier_release_says(pid: int) -> None:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert start_time(pid) == fields[19]


def test_the_clock_may_be_set_before_and_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    before = start_time(os.getpid())
    for boots in ([], [time.time() - 7200], [time.time() - 7200, time.time() - 3600]):
        answers = chain(boots, repeat(time.time() - 60))
        monkeypatch.setattr("psutil._psplatform.boot_time", lambda answers=answers: float(int(next(answers))))
        assert start_time(os.getpid()) == before


@pytest.mark.parametrize("pid", [0, 2**31, 10**40])
def test_a_pid_that_nobody_has_says_nothing(pid: int) -> None:
    assert start_time(pid) == ""
