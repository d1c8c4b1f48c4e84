"""Dispatch with 1, 2 and 4 worker processes: one campaign, answers after 100 ms, a PostgreSQL ledger with fsync.

    python -m benchmarks.scaling --people 1200000

Each number of workers sends an equal part of the same plan. What scales is the waiting, as in production; all share
the CPU of one machine. At last, four workers send within one pace.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.sink import running_sink

ANSWER_SECONDS = 0.1
WORKERS = (1, 2, 4)
PACED_WORKERS, PACE = 4, 20_000
DURABLE = ("shared_buffers=128MB", "max_connections=60")
Part = tuple[int, int]
"""The first and last chunk of what one process sends."""


def main() -> None:
    """Measure and print a line each."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=1_200_000)
    print(as_text(measured(arguments.parse_args().people)))


def measured(people: int) -> dict[str, float]:
    """Messages per second by the number of workers; `paced` with the pace of the account."""
    from tests.postgres import running_server

    with running_sink(ANSWER_SECONDS) as port, running_server(DURABLE) as server, tempfile.TemporaryDirectory() as folder:
        data, rounds = Path(folder), [*WORKERS, PACED_WORKERS]
        chunks = _run("plan", data, server.url, port, people)["chunks"]
        figures = {}
        for number, (workers, part) in enumerate(zip(rounds, split((0, chunks - 1), len(rounds)), strict=True)):
            paced = number == len(WORKERS)
            figures["paced" if paced else str(workers)] = _send(data, server.url, port, split(part, workers), paced)
    return figures


def as_text(figures: dict[str, float]) -> str:
    """The figures as a table for the terminal."""
    one = figures["1"]
    rows = [
        f"{number} workers   {figures[str(number)]:>9,.0f} messages/s   {figures[str(number)] / one:.2f} x"
        for number in WORKERS
    ]
    met = "met" if figures[str(WORKERS[-1])] / one >= 3.5 else "missed"
    rows[-1] += f"   (target: at least 3.5 x: {met})"
    rows.append(f"{PACED_WORKERS} workers   {figures['paced']:>9,.0f} messages/s   with one pace of {PACE:,} messages/s")
    return "\n".join(rows)


def split(part: Part, into: int) -> list[Part]:
    """Equal parts of a range of chunks."""
    first, last = part
    edges = [first + (last - first + 1) * number // into for number in range(into + 1)]
    return [(begin, end - 1) for begin, end in pairwise(edges)]


def _send(data: Path, ledger: str, port: int, parts: list[Part], paced: bool) -> float:
    """Messages per second, from the moment at which all processes are ready to the end of the last."""
    each = [_process("send", data, ledger, port, *part, int(paced)) for part in parts]
    for process in each:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for process in each:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    accepted = [json.loads(process.communicate()[0])["accepted"] for process in each]
    return float(sum(accepted) / (time.perf_counter() - began))


def _run(*arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_process(*arguments).communicate()[0])
    return found


def _process(*arguments: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.scaling_worker", *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    main()
