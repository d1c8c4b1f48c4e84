"""The section of docs/faults.md that tells the score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from include.core.paths import PROJECT
from tests.mutations.score import STATUSES

PAGE = PROJECT / "docs" / "faults.md"
TITLE = "## Mutations: the guards, broken one by one"
HEAD = f"""{TITLE}

Written by `make mutations` (`python -m tests.mutations.run`), with mutmut; its areas are in `pyproject.toml`. Each mutant is
one small change to a function (a comparison turned, an argument dropped, a number one higher); the tests of its area must
fail, or not come to an end. Functions with a decorator and statements outside of functions are not changed by mutmut: the
guards there, and each one that the issue "Guards that no test watches" named, were broken by hand, and have tests in
`tests/ledger/` and `tests/dispatch/`. Changes that only alter the words of an error or a log line are left out of the score
and counted in the last column. Where there are too many to try them all in an hour, a sample is tried, one in so many by
a hash of the mutant's name (`every` in `pyproject.toml`). The score is of the sample
after tests were written for what lived in it: at first sight 130 of collect's 150 were killed, and
mutants that were never tried are likely to fare like those."""


def section(found: dict[str, Any]) -> str:
    """As Markdown, without a line end."""
    modules = found["modules"]
    total = _sum(list(modules.values()))
    told = f"**{share(total):.1f} %** of {_all(total)} mutants that were tried are killed, {total['survived']} live: "
    told += (
        ", ".join(f"{share(counts):.1f} % of {_all(counts)} in `{area}`" for area, counts in by_area(found).items()) + "."
    )
    head = "| Module | One in | Tried | Killed | of them by not ending | Live | Score | Words only |\n"
    lines = "|---|--:|--:|--:|--:|--:|--:|--:|\n" + "\n".join(_line(module, counts) for module, counts in modules.items())
    reasons = "### Why the others may live\n\n" + "\n".join(_reasons(found["survivors"]))
    return "\n\n".join([HEAD, told, head + lines, reasons])


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
    """A line a function and reason, with how many mutants it is the reason for."""
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for entry in survivors:
        grouped.setdefault((entry["function"], entry["why"]), []).append(entry)
    return [f"- `{function}` ({len(entries)}): {why}" for (function, why), entries in sorted(grouped.items())]
