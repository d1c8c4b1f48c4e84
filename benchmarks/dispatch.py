"""Speed of dispatch: planning, sending, memory, the ledger's share; as ratios within one run.

    python -m benchmarks.dispatch                      a million people; planning and memory at ten million
    python -m benchmarks.dispatch --people 2000        a trial

`benchmarks.measures` says what is measured, `benchmarks.sink` is sent to.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sink import running_sink

log = logging.getLogger(__name__)

SMALL, LARGE = 100_000, 10_000_000
AT_SIZE = ("plan_everybody", "send_at_once")
"""Measured for a small list and for one of a hundred times as many: planning time, and the memory of sending."""
OBJECTS = ("mail_of_1000", "mail_each")
ANSWER_SECONDS = 0.1
"""How long the slow provider takes for a request of 1,000."""
Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Line:
    """One figure beside its target. `met` is None where this run cannot tell."""

    what: str
    figure: str
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        return {None: "", True: "met", False: "missed"}[self.met]


def main() -> None:
    """Measure and print a line each."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=1_000_000)
    people = arguments.parse_args().people
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    print(as_text(lines(measured(people))))


def as_text(found: list[Line]) -> str:
    """The lines as a table for the terminal."""
    return "\n".join(f"{line.what:46} {line.figure:38} {line.target:28} {line.verdict}".rstrip() for line in found)


def measured(people: int) -> Figures:
    """All figures at this size; planning and the memory of sending for few and for very many, unless this is a trial.

    The bare loop runs before and after, since what else the machine does changes from one half minute to the next.
    """
    figures = {}
    with running_sink() as port, running_sink(ANSWER_SECONDS) as slow, tempfile.TemporaryDirectory() as scratch:
        for name in ("plan_everybody", "bare", "fill_slots", "send_at_once", "again", "send_slowly", *OBJECTS):
            measure = "bare" if name == "again" else name
            figures[name] = _measure(measure, Path(scratch), slow if name == "send_slowly" else port, people)
        for size in (SMALL, LARGE) if people > SMALL else ():
            with tempfile.TemporaryDirectory() as folder:
                figures |= {f"{name}:{size}": _measure(name, Path(folder), port, size) for name in AT_SIZE}
    return figures


def lines(figures: Figures) -> list[Line]:
    """The ratios that matter."""
    fill, sent = figures["fill_slots"], figures["send_at_once"]
    plan = figures.get(f"plan_everybody:{LARGE}", figures["plan_everybody"])
    small, huge = (figures.get(f"send_at_once:{size}", sent) for size in (SMALL, LARGE))
    bare = {name: figures["bare"][name] + figures["again"][name] for name in ("people", "cpu", "wall")}
    ratio = (_cpu(fill) + _cpu(sent)) / _cpu(bare)
    loop, objects, single = (_speed(huge) / _speed(other) for other in (bare, *(figures[name] for name in OBJECTS)))
    growth, share = huge["rss"] / small["rss"] - 1, figures["send_slowly"]["ledger_share"]
    return [
        Line("people", f"{figures['plan_everybody']['people']:,}"),
        Line(
            f"CPU: {fill['slots']} slots and sending, to a bare loop",
            f"{ratio:.2f} × ({_cpu(fill):.2f} + {_cpu(sent):.2f} to {_cpu(bare):.2f} µs)",
            "at most 2 ×",
            ratio <= 2,
        ),
        Line("throughput, to a bare loop", f"{loop:.2f} ×"),
        Line("throughput, to Mail of 1,000 people", f"{objects:.1f} ×", "at least 5 ×", objects >= 5),
        Line("throughput, to a Mail a person", f"{single:.0f} ×", "at least 300 ×", single >= 300),
        Line(
            f"peak memory, {_millions(huge)} million to {_millions(small)}",
            f"{growth:+.0%} ({huge['rss']:.0f} MB)",
            "within 20 %, under 400 MB",
            (abs(growth) <= 0.2 and huge["rss"] < 400) if huge is not sent else None,
        ),
        Line(
            f"planning {_millions(plan)} million",
            f"{plan['wall']:.0f} s, {plan['cpu']:.0f} s of CPU, {plan['rss']:.0f} MB",
            "60 s and 2 GB for 10 million",
            (plan["wall"] <= 60 and plan["rss"] <= 2_000) if plan["people"] == LARGE else None,
        ),
        Line(f"ledger's share, answers after {ANSWER_SECONDS * 1000:.0f} ms", f"{share:.1%}", "under 10 %", share < 0.1),
        Line("ledger's share, answers at once", f"{sent['ledger_share']:.1%}"),
    ]


def _cpu(figures: dict[str, Any]) -> float:
    """Microseconds of CPU a person."""
    return float(figures["cpu"] / figures["people"] * 1e6)


def _millions(figures: dict[str, Any]) -> str:
    return f"{figures['people'] / 1e6:.3g}"


def _speed(figures: dict[str, Any]) -> float:
    """People a second."""
    return float(figures["people"] / figures["wall"])


def _measure(name: str, scratch: Path, port: int, people: int) -> dict[str, Any]:
    """Run one measure in a fresh process."""
    what = [str(scratch / "chunk.json")] if name == "bare" else [name, str(scratch)]
    module = "benchmarks.bare" if name == "bare" else "benchmarks.measures"
    command = [sys.executable, "-m", module, *what, str(port), str(people)]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    log.info("%s: %s", name, figures)
    return figures


if __name__ == "__main__":
    main()
