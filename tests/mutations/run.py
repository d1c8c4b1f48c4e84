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
    """The exit code: 0 where at least 90 % are killed and every survivor has its reason in score.yaml."""
    options = _options()
    for area in workshop.areas():
        if options.areas and area.name not in options.areas:
            continue
        place = workshop.prepare(area)
        with ExitStack() as stack:
            postgres = stack.enter_context(running_postgres()) if installed() else None
            if code := workshop.run(area, place, postgres, options.jobs, []):
                return code
        _keep(place)
    found = score.read()
    page.put(page.PAGE, page.section(found))
    for entry in (unexplained := [entry for entry in found["survivors"] if not entry["why"]]):
        sys.stdout.write(f"{entry['function']}:\n  - {entry['was']}\n  + {entry['becomes']}\n")
    return int(bool(unexplained) or any(page.share(area) < 90 for area in page.by_area(found).values()))


def _keep(place: workshop.Path) -> None:
    found = workshop.mutants(place)
    lived = [(mutant, score.survivor(mutant, workshop.change(place, mutant))) for mutant in found if mutant.fate == "survived"]
    texts = {mutant for mutant, each in lived if each.is_text}
    told = [replace(mutant, fate="text") if mutant in texts else mutant for mutant in found]
    score.write(score.merge(told, [each for mutant, each in lived if mutant not in texts]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations.run", description=__doc__)
    parser.add_argument("areas", nargs="*", help="of pyproject.toml's; all of them where none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
