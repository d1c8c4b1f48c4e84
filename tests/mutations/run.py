"""`python -m tests.mutations.run [area …]`: break the guards one by one, and write down which breaks no test noticed."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from dataclasses import replace

from tests.mutations import page, score, workshop
from tests.postgres import installed, running_postgres


def main() -> int:
    """The exit code: 0 where at least 90 % of each folder are killed and every survivor has its reason in score.yaml."""
    options = _options()
    for area in workshop.areas():
        if not options.areas or area.name in options.areas:
            _break(area, options.jobs, keep_only=options.keep)
    found = score.read()
    page.put(page.PAGE, page.section(found))
    unexplained = [entry for entry in found["survivors"] if not entry["why"]]
    for entry in unexplained:
        sys.stdout.write(f"{entry['function']}:\n  - {entry['was']}\n  + {entry['becomes']}\n")
    return int(bool(unexplained) or any(page.share(counts) < 90 for counts in page.by_area(found).values()))


def _break(area: workshop.Area, jobs: int, *, keep_only: bool) -> None:
    """Run mutmut on the area, and keep what it found in score.yaml."""
    place = workshop.WORKSHOPS / area.name
    if not keep_only:
        workshop.prepare(area, explained={mutant.name for mutant, each in _lived(area).items() if score.is_explained(each)})
        with ExitStack() as stack:
            postgres = stack.enter_context(running_postgres()) if installed() else None
            workshop.run(area, place, postgres, jobs)
    found, lived = workshop.mutants(place, area.every), _lived(area)
    told = [replace(mutant, fate="text") if mutant in lived and lived[mutant].is_text else mutant for mutant in found]
    score.write(score.merge(told, [each for each in lived.values() if not each.is_text], area.every))


def _lived(area: workshop.Area) -> dict[workshop.Mutant, score.Survivor]:
    """The mutants of the area that no test noticed so far."""
    place = workshop.WORKSHOPS / area.name
    mutants = [mutant for mutant in workshop.mutants(place, area.every) if mutant.fate == "survived"]
    diffs = workshop.changes(place, mutants) if mutants else {}
    return {mutant: score.survivor(mutant, diff) for mutant, diff in diffs.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations.run", description=__doc__)
    parser.add_argument("areas", nargs="*", help="of pyproject.toml's; all of them where none is named")
    parser.add_argument(
        "--keep", action="store_true", help="only write down what the last run, also an unfinished one, found"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
