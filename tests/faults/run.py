"""`python -m tests.faults.run --seeds 20`: play every fault with many seeds and write docs/faults.md."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from include.core.paths import PROJECT
from tests.faults.all_faults import all_faults
from tests.faults.catalogue import BOTH, Fault, play
from tests.faults.checks import Findings
from tests.faults.resources import Resources
from tests.faults.table import Row, page
from tests.mutations import page as mutations
from tests.mutations import score
from tests.postgres import running_postgres

PAGE = PROJECT / "docs" / "faults.md"
_resources: list[Resources] = []


@dataclass(frozen=True)
class Play:
    """One play: the fault's index in the catalogue, the seed, the kind of ledger."""

    fault: int
    seed: int
    kind: str


def plays(found: Sequence[Fault], seeds: int, kinds: Sequence[str]) -> list[Play]:
    """`seeds` plays of each fault, alternating between its ledgers."""
    return [
        Play(place, seed, ledgers[seed % len(ledgers)])
        for seed in range(seeds)
        for place, fault in enumerate(found)
        if (ledgers := [kind for kind in fault.ledgers if kind in kinds])
    ]


def open_resources(folder: str, postgres: str | None) -> None:
    """Open the resources of a worker process; the run deletes the folder."""
    _resources.append(Resources(Path(tempfile.mkdtemp(dir=folder)), postgres))


def run_play(each: Play, deadline: float) -> tuple[Play, Findings | None]:
    """Play once with this process's resources; None if the deadline has passed."""
    return each, played(_resources[0], each) if time.time() < deadline else None


def played(resources: Resources, each: Play) -> Findings:
    """The findings of one play; an exception is a finding too."""
    fault = all_faults()[each.fault]
    try:
        found = play(resources, fault, each.seed, each.kind)
    except Exception:  # noqa: BLE001 - reported in the table and the exit code
        found = Findings(problems=[traceback.format_exc()])
    for problem in found.problems:
        sys.stderr.write(f"{fault.name}, seed {each.seed}, {each.kind}: {problem}\n")
    return found


def main() -> int:
    """Play all faults; the exit code is 0 if every check passed."""
    options = _options()
    found, started = all_faults(), time.monotonic()
    rows: dict[int, Row] = defaultdict(Row)
    with ExitStack() as stack:
        has_postgres = bool(shutil.which("initdb") and shutil.which("postgres"))
        postgres = stack.enter_context(running_postgres()) if has_postgres else None
        wanted = plays(found, options.seeds, BOTH if postgres else BOTH[:1])
        wanted = [each for each in wanted if options.only in found[each.fault].name]
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tradewind-faults-"))
        spawn = get_context("spawn")
        pool = stack.enter_context(ProcessPoolExecutor(options.jobs, spawn, open_resources, (folder, postgres)))
        deadline = time.time() + options.minutes * 60
        waiting = [pool.submit(run_play, each, deadline) for each in wanted]
        for number, done in enumerate(as_completed(waiting), 1):
            each, findings = done.result()
            if findings:
                rows[each.fault].add(each.kind, findings)
            if number % 25 == 0:
                sys.stderr.write(f"{number} of {len(wanted)} plays, {time.monotonic() - started:.0f} s\n")
    text = page([(fault, rows[place]) for place, fault in enumerate(found) if place in rows], time.monotonic() - started)
    sys.stdout.write(text)
    if not options.only:
        options.page.write_text(text)
        mutations.put(options.page, mutations.section(score.read()))
    return int(any(row.problems for row in rows.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.run", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="start no play after this many minutes; the table counts the finished ones",
    )
    parser.add_argument("--only", default="", help="only faults whose name contains this text; writes no page")
    parser.add_argument("--page", type=Path, default=PAGE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
