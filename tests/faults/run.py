"""`python -m tests.faults.run --seeds 20`: play every fault with many seeds, and write the table docs/faults.md."""

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
from tests.faults.bench import Bench
from tests.faults.catalogue import BOTH, Fault, play
from tests.faults.checks import Findings
from tests.faults.every import faults
from tests.faults.table import Row, page
from tests.mutations import page as mutations
from tests.mutations import score
from tests.postgres import running_postgres

PAGE = PROJECT / "docs" / "faults.md"
_bench: list[Bench] = []


@dataclass(frozen=True)
class Play:
    """One play of the fault at a place in the catalogue."""

    fault: int
    seed: int
    kind: str


def plays(found: Sequence[Fault], seeds: int, kinds: Sequence[str]) -> list[Play]:
    """`seeds` plays of each fault, in turn on the ledgers that it is for."""
    return [
        Play(place, seed, ledgers[seed % len(ledgers)])
        for seed in range(seeds)
        for place, fault in enumerate(found)
        if (ledgers := [kind for kind in fault.ledgers if kind in kinds])
    ]


def open_bench(folder: str, postgres: str | None) -> None:
    """Once in each worker process; its processes end with it, and the folder goes with the run."""
    _bench.append(Bench(Path(tempfile.mkdtemp(dir=folder)), postgres))


def work(each: Play, until: float) -> tuple[Play, Findings | None]:
    """One play, on this process's bench; None where it is too late to begin."""
    return each, played(_bench[0], each) if time.time() < until else None


def played(bench: Bench, each: Play) -> Findings:
    """What came of it; a play that does not come to its end is a finding too."""
    fault = faults()[each.fault]
    try:
        found = play(bench, fault, each.seed, each.kind)
    except Exception:  # noqa: BLE001 - told in the table and in the exit code
        found = Findings(problems=[traceback.format_exc()])
    for problem in found.problems:
        sys.stderr.write(f"{fault.name}, seed {each.seed}, {each.kind}: {problem}\n")
    return found


def main() -> int:
    """The exit code: 0 where every check held."""
    options = _options()
    found, began = faults(), time.monotonic()
    rows: dict[int, Row] = defaultdict(Row)
    with ExitStack() as stack:
        has_postgres = bool(shutil.which("initdb") and shutil.which("postgres"))
        postgres = stack.enter_context(running_postgres()) if has_postgres else None
        every = plays(found, options.seeds, BOTH if postgres else BOTH[:1])
        every = [each for each in every if options.only in found[each.fault].name]
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tradewind-faults-"))
        spawn = get_context("spawn")
        pool = stack.enter_context(ProcessPoolExecutor(options.jobs, spawn, open_bench, (folder, postgres)))
        until = time.time() + options.minutes * 60
        waiting = [pool.submit(work, each, until) for each in every]
        for number, done in enumerate(as_completed(waiting), 1):
            each, findings = done.result()
            if findings:
                rows[each.fault].add(each.kind, findings)
            if number % 25 == 0:
                sys.stderr.write(f"{number} of {len(every)} plays, {time.monotonic() - began:.0f} s\n")
    text = page([(fault, rows[place]) for place, fault in enumerate(found) if place in rows], time.monotonic() - began)
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
        "--minutes", type=float, default=float("inf"), help="no further play after so many; the table counts what was played"
    )
    parser.add_argument("--only", default="", help="faults with these words in their name; writes no page")
    parser.add_argument("--page", type=Path, default=PAGE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
