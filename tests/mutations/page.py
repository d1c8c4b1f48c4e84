"""The section of docs/faults.md with the mutation score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from include.core.paths import PROJECT
from tests.mutations.score import STATUSES

PAGE = PROJECT / "docs" / "faults.md"
TITLE = "## Mutation score"
HEAD = f"""{TITLE}

Written by `make mutations` (`python -m tests.mutations.run`), which runs mutmut on the areas in `pyproject.toml`. Each
mutant is one small change to a function (a comparison reversed, an argument dropped, a number incremented). It counts as
killed if a test of its area fails or does not end. mutmut does not change functions with a decorator or statements outside
functions; the guards there were broken by hand, and have tests in `tests/ledger/` and `tests/dispatch/`. Mutants that change
only the words of an error or a log line are not scored, and are counted in the last column.

The areas have some 6,000 mutants, which take longer than a day. A sample is tried instead: one in so many, by a hash of the
mutant's name (`every` in `pyproject.toml`). Tests were then written for the survivors of the sample, so the score of mutants
outside it is likely lower: before those tests, 130 of the 150 in `collect` were killed. The counts were measured before the
functions got their present names; the modules and functions below are named as they are now."""


def section(found: dict[str, Any]) -> str:
    """As Markdown, without a line end."""
    modules = found["modules"]
    total = _sum(list(modules.values()))
    summary = f"**{share(total):.1f} %** of the {_all(total)} mutants tried were killed, {total['survived']} survived: "
    summary += (
        ", ".join(f"{share(counts):.1f} % of {_all(counts)} in `{area}`" for area, counts in by_area(found).items()) + "."
    )
    head = "| Module | One in | Tried | Killed | of these, timed out | Survived | Score | Words only |\n"
    lines = "|---|--:|--:|--:|--:|--:|--:|--:|\n" + "\n".join(_line(module, counts) for module, counts in modules.items())
    reasons = "### Why the survivors are acceptable\n\n" + "\n".join(_reasons(found["survivors"]))
    return "\n\n".join([HEAD, summary, head + lines, reasons])


def share(counts: dict[str, int]) -> float:
    """Killed of all, in percent."""
    return 100 * (counts["killed"] + counts["timeout"]) / max(1, _all(counts))


def by_area(found: dict[str, Any]) -> dict[str, dict[str, int]]:
    """The counts of each folder of `include/`."""
    areas: dict[str, list[dict[str, int]]] = {}
    for module, counts in found["modules"].items():
        areas.setdefault(module.split("/")[1], []).append(counts)
    return {area: _sum(counts) for area, counts in areas.items()}


def put(page: Path, text: str) -> None:
    """Replace the section, or append it; it is the page's last one."""
    page.write_text(page.read_text().partition(TITLE)[0].rstrip() + f"\n\n{text}\n")


def _all(counts: dict[str, int]) -> int:
    return counts["killed"] + counts["timeout"] + counts["survived"]


def _sum(many: list[dict[str, int]]) -> dict[str, int]:
    return {status: sum(counts[status] for counts in many) for status in STATUSES}


def _line(module: str, counts: dict[str, int]) -> str:
    killed, score = counts["killed"] + counts["timeout"], f"{share(counts):.0f} %"
    cells = (
        f"`{module}`",
        counts["every"],
        _all(counts),
        killed,
        counts["timeout"],
        counts["survived"],
        score,
        counts["text"],
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _reasons(survivors: list[dict[str, str]]) -> list[str]:
    """One line per function and reason, with its number of mutants."""
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for entry in survivors:
        grouped.setdefault((entry["function"], entry["why"]), []).append(entry)
    return [f"- `{function}` ({len(entries)}): {why}" for (function, why), entries in sorted(grouped.items())]
