"""A process's start time equals the value that earlier releases stored, and does not change when the clock is set."""

from __future__ import annotations

import os
import time
from itertools import chain, repeat
from pathlib import Path

import pytest

from include.core.processes import start_time


@pytest.mark.parametrize("pid", [1, os.getpid()], ids=["init", "this process"])
def test_the_start_time_equals_the_field_of_proc_stat(pid: int) -> None:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert start_time(pid) == fields[19]


def test_setting_the_clock_does_not_change_the_start_time(monkeypatch: pytest.MonkeyPatch) -> None:
    before = start_time(os.getpid())
    for boots in ([], [time.time() - 7200], [time.time() - 7200, time.time() - 3600]):
        answers = chain(boots, repeat(time.time() - 60))
        monkeypatch.setattr("psutil._psplatform.boot_time", lambda answers=answers: float(int(next(answers))))
        assert start_time(os.getpid()) == before


@pytest.mark.parametrize("pid", [0, 2**31, 10**40])
def test_an_unused_pid_has_no_start_time(pid: int) -> None:
    assert start_time(pid) == ""
