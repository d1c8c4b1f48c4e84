"""`python -m tests.mutations.run [area …]`: run mutation tests and record the mutants that survive."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from dataclasses import replace

from tests.mutations import page, score, workspace
from tests.postgres import installed, running_postgres


def main() -> int:
    """The exit code is 0 if at least 90 % of each folder are killed and every survivor has a reason in score.yaml."""
    options = _options()
    for area in workspace.areas():
        if not options.areas or area.name in options.areas:
            _run_area(area, options.jobs, keep_only=options.keep)
    found = score.read()
    page.put(page.PAGE, page.section(found) + page.changes(score.changed(found)))
    unexplained = [entry for entry in found["survivors"] if not entry["why"]]
    for entry in unexplained:
        sys.stdout.write(f"{entry['function']}:\n  - {entry['was']}\n  + {entry['becomes']}\n")
    return int(bool(unexplained) or any(share < 90 for share in page.shares(found).values()))


def _run_area(area: workspace.Area, jobs: int, *, keep_only: bool) -> None:
    """Run mutmut on the area and record the results in score.yaml."""
    if not keep_only:
        workspace.prepare(area, {mutant.name for mutant, each in _survivors(area).items() if score.is_explained(each)})
        with ExitStack() as stack:
            postgres = stack.enter_context(running_postgres()) if installed() else None
            workspace.run(area, postgres, jobs)
    changes = _changes(area)
    results = [replace(mutant, status="text") if change.is_text else mutant for mutant, change in changes.items()]
    remaining = [changes[mutant] for mutant in results if mutant.status == "survived"]
    score.write(score.merge(area, workspace.population(area), workspace.rates(area), results, remaining))


def _survivors(area: workspace.Area) -> dict[workspace.Mutant, score.Change]:
    return {mutant: change for mutant, change in _changes(area).items() if mutant.status == "survived"}


def _changes(area: workspace.Area) -> dict[workspace.Mutant, score.Change]:
    """What each mutant of the area changes."""
    found = workspace.diffs(area, workspace.mutants(area))
    return {mutant: score.change(mutant, diff) for mutant, diff in found.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations.run", description=__doc__)
    parser.add_argument("areas", nargs="*", help="areas of pyproject.toml; default: all")
    parser.add_argument("--keep", action="store_true", help="only record the last run, even an unfinished one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
