"""`python -m sampled EVERY SALT …`: mutmut on one in EVERY mutants. Runs in a workspace, with this folder on the path."""

from __future__ import annotations

import sys
from hashlib import blake2b
from typing import Any


def is_tried(name: str, every: int, salt: str) -> bool:
    """Sample by a hash of the salt and mutmut's name: every run tries the same mutants until the salt changes.

    A sample of one in 3 contains that of one in 6.
    """
    return int.from_bytes(blake2b(f"{salt} {name}".encode(), digest_size=8).digest()) % every == 0


def main(every: int, salt: str) -> None:
    """Run mutmut with the rest of the command line.

    Skips mutmut's second run of all tests without a mutation: they have just passed when it collected the statistics.
    """
    from mutmut import __main__ as mutmut
    from mutmut.workers.isolation import MutantRunner, get_mutant_runner

    collect = mutmut.collect_source_file_mutation_data

    def sample(**chosen: Any) -> tuple[list[Any], dict[str, Any]]:
        found, by_path = collect(**chosen)
        return [mutant for mutant in found if is_tried(mutant[1], every, salt)], by_path

    def runner(children: int) -> MutantRunner:
        made = get_mutant_runner(children)
        setattr(made, "run_clean_tests", lambda tests: 0)  # noqa: B010 - mypy refuses the assignment to a method
        return made

    mutmut.collect_source_file_mutation_data = sample
    setattr(mutmut, "get_mutant_runner", runner)  # noqa: B010 - mutmut does not export the name
    mutmut.cli()


if __name__ == "__main__":
    main(int(sys.argv.pop(1)), sys.argv.pop(1))
