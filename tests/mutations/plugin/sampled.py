"""`python -m sampled EVERY …`: mutmut, trying one in EVERY mutants. Runs in a workspace, with this folder on its path."""

from __future__ import annotations

import sys
import zlib
from typing import Any


def is_tried(name: str, every: int) -> bool:
    """Sample by a hash of mutmut's name: every run tries the same mutants, and one in 3 contains one in 6."""
    return zlib.crc32(name.encode()) % every == 0


def main(every: int) -> None:
    """Run mutmut with the rest of the command line.

    Skips mutmut's second run of all tests without a mutation: they have just passed when it collected the statistics.
    """
    from mutmut import __main__ as mutmut
    from mutmut.workers.isolation import MutantRunner, get_mutant_runner

    collect = mutmut.collect_source_file_mutation_data

    def sample(**chosen: Any) -> tuple[list[Any], dict[str, Any]]:
        found, by_path = collect(**chosen)
        return [mutant for mutant in found if is_tried(mutant[1], every)], by_path

    def runner(children: int) -> MutantRunner:
        made = get_mutant_runner(children)
        setattr(made, "run_clean_tests", lambda tests: 0)  # noqa: B010 - mypy refuses the assignment to a method
        return made

    mutmut.collect_source_file_mutation_data = sample
    setattr(mutmut, "get_mutant_runner", runner)  # noqa: B010 - mutmut does not export the name
    mutmut.cli()


if __name__ == "__main__":
    main(int(sys.argv.pop(1)))
