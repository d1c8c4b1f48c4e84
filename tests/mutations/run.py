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
    page.put(page.PAGE, page.section(found))
    unexplained = [entry for entry in found["survivors"] if not entry["why"]]
    for entry in unexplained:
        sys.stdout.write(f"{entry['function']}:\n  - {entry['was']}\n  + {entry['becomes']}\n")
    return int(bool(unexplained) or any(page.share(counts) < 90 for counts in page.by_area(found).values()))


def _run_area(area: workspace.Area, jobs: int, *, keep_only: bool) -> None:
    """Run mutmut on the area and record the results in score.yaml."""
    place = workspace.WORKSPACES / area.name
    if not keep_only:
        workspace.prepare(
            area, explained={mutant.name for mutant, each in _survivors(area).items() if score.is_explained(each)}
        )
        with ExitStack() as stack:
            postgres = stack.enter_context(running_postgres()) if installed() else None
            workspace.run(area, place, postgres, jobs)
    found, survivors = workspace.mutants(place, area.every), _survivors(area)
    results = [
        replace(mutant, status="text") if mutant in survivors and survivors[mutant].is_text else mutant for mutant in found
    ]
    score.write(score.merge(results, [each for each in survivors.values() if not each.is_text], area.every))


def _survivors(area: workspace.Area) -> dict[workspace.Mutant, score.Survivor]:
    """The surviving mutants of the area so far."""
    place = workspace.WORKSPACES / area.name
    mutants = [mutant for mutant in workspace.mutants(place, area.every) if mutant.status == "survived"]
    diffs = workspace.changes(place, mutants) if mutants else {}
    return {mutant: score.survivor(mutant, diff) for mutant, diff in diffs.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations.run", description=__doc__)
    parser.add_argument("areas", nargs="*", help="areas of pyproject.toml; default: all")
    parser.add_argument(
        "--keep", action="store_true", help="only record the results of the last run, even an unfinished one"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
