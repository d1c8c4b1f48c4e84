"""Run every benchmark and write docs/benchmarks.md (`make bench`).

python -m benchmarks                 a million people, ten million for planning and memory: eight minutes; needs PostgreSQL
python -m benchmarks --people 2000 --no-page      a trial
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import dispatch, ingest_ratios
from benchmarks.dispatch import Line

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
NOTES = Path(__file__).with_name("notes.md")
INGEST_NOTES = Path(__file__).with_name("ingest_notes.md")
OTHERS = {
    "Taking the list in": ("benchmarks.ingest", "--people", "{modest}"),
    "Sending from several processes": ("benchmarks.scaling", "--people", "{people}"),
    "Filling slots": ("benchmarks.content_slots", "{people}"),
    "The edge": ("benchmarks.edge",),
    "Collecting events": ("benchmarks.collect", "--messages", "{modest}"),
    "Segments and marts": ("benchmarks.segments_and_marts", "--people", "{modest}"),
    "Journeys": ("benchmarks.journeys", "--people", "{modest}"),
    "The footprint of a shop": ("benchmarks.footprint", "--people", "{modest}"),
    "Pages of the console": ("benchmarks.console", "--sends", "{people}"),
}
MODEST = 200_000


def main() -> None:
    """Measure, print, write the page."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--no-page", action="store_true", help="print only")
    chosen = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    people = chosen.people
    lines = dispatch.lines(dispatch.measured(people))
    print(dispatch.as_text(lines))
    ingest_lines = ingest_ratios.lines(ingest_ratios.measured(people))
    print(dispatch.as_text(ingest_lines))
    others = {title: _output(command, people) for title, command in OTHERS.items()}
    print("\n\n".join(others.values()))
    if not chosen.no_page:
        PAGE.write_text(page(lines, ingest_lines, others))


def page(lines: list[Line], ingest: list[Line], others: dict[str, str]) -> str:
    """docs/benchmarks.md."""
    parts = [
        "# Benchmarks",
        f"Written by `make bench`; do not edit. {_machine()} Ratios are within one run: absolute times depend on the "
        "machine and on what else it does.",
        "## Dispatch",
        _table(lines),
        NOTES.read_text().strip(),
        "## Ingest",
        _table(ingest),
        INGEST_NOTES.read_text().strip(),
    ]
    for title, output in others.items():
        parts += [f"## {title}", f"```\n{output.strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _table(lines: list[Line]) -> str:
    rows = (f"| {line.what} | {line.figure} | {line.target} | {line.verdict} |" for line in lines)
    return "| measure | figure | target | |\n|---|---|---|---|\n" + "\n".join(rows)


def _machine() -> str:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    busy = f", busy with other work (load {load:.0f})" if load > 2 * cores else ""
    return f"Python {platform.python_version()}, {cores} cores{busy}."


def _output(command: tuple[str, ...], people: int) -> str:
    """What another benchmark prints."""
    module, *options = (part.format(people=people, modest=min(people, MODEST)) for part in command)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TRADEWIND_DATA": folder}
        return subprocess.run(
            [sys.executable, "-m", module, *options], check=True, stdout=subprocess.PIPE, text=True, env=environment
        ).stdout


if __name__ == "__main__":
    main()
