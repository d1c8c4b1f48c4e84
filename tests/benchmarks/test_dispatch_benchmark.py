"""The benchmark runs with few people and prints every figure; its speed is not tested."""

from __future__ import annotations

import subprocess
import sys

from benchmarks import __main__ as bench
from benchmarks.dispatch import Line, as_text
from include.core.paths import PROJECT

MEASURES = (
    "people",
    "CPU: 5 slots and sending, to a bare loop",
    "throughput, to a bare loop",
    "throughput, to Mail of 1,000 people",
    "throughput, to a Mail a person",
    "peak memory",
    "planning",
    "ledger's share, answers after 100 ms",
    "ledger's share, answers at once",
)


def test_benchmark_prints_every_line() -> None:
    command = [sys.executable, "-m", "benchmarks.dispatch", "--people", "2000"]
    finished = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=800)
    printed = finished.stdout.splitlines()
    assert len(printed) == len(MEASURES)
    assert [line for line, measure in zip(printed, MEASURES, strict=True) if not line.startswith(measure)] == []


def test_page_and_terminal_show_met_and_missed_targets() -> None:
    lines = [Line("speed", "3 ×", "at most 2 ×", met=False), Line("people", "7")]
    shown = bench.page(lines, [Line("growth", "9 ×", "at most 11 ×", met=True)], {"Others": "1.0 s\n"})
    assert "| speed | 3 × | at most 2 × | missed |" in shown
    assert "| growth | 9 × | at most 11 × | met |" in shown
    assert "Written by `make bench`" in shown
    assert as_text(lines).splitlines()[0].endswith("missed")
