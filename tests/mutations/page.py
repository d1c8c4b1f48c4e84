"""The section of docs/faults.md that tells the score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from include.core.paths import PROJECT
from tests.mutations import score

PAGE = PROJECT / "docs" / "faults.md"
TITLE = "## Mutations: the guards, broken one by one"
HEAD = f"""{TITLE}

Written by `make mutations` (`python -m tests.mutations.run`), with mutmut; its areas are in `pyproject.toml`. Each mutant is
one small change to a function (a comparison turned, an argument dropped, a number one higher); the tests of its area must
fail, or not come to an end. Functions with a decorator and statements outside of functions are not changed by mutmut: the
guards there, and each one that the issue "Guards that no test watches" named, were broken by hand, and have tests in
`tests/ledger/` and `tests/dispatch/`. Changes that only alter the words of an error or a log line are left out of the score
and counted in the last column."""


def section(found: dict[str, Any]) -> str:
    """As Markdown, without a line end."""
    modules, survivors = found["modules"], found["survivors"]
    total = {fate: sum(counts[fate] for counts in modules.values()) for fate in ("killed", "timeout", "survived", "text")}
    told = f"**{share(total):.1f} %** of {_all(total)} mutants are killed, {total['survived']} live."
    head = "| Module | Mutants | Killed | of them by not ending | Live | Score | Words only |\n|---|--:|--:|--:|--:|--:|--:|\n"
    table = head + "\n".join(_line(module, counts) for module, counts in modules.items())
    reasons = "### Why the others may live\n\n" + "\n".join(_reasons(survivors))
    return "\n\n".join([HEAD, told, table, reasons])


def share(counts: dict[str, int]) -> float:
    """Killed of all, in percent."""
    return 100 * (counts["killed"] + counts["timeout"]) / max(1, _all(counts))


def put(page: Path, text: str) -> None:
    """Replace the section, or append it; it is the page's last one."""
    page.write_text(page.read_text().partition(TITLE)[0].rstrip() + f"\n\n{text}\n")


def _all(counts: dict[str, int]) -> int:
    return counts["killed"] + counts["timeout"] + counts["survived"]


def _line(module: str, counts: dict[str, int]) -> str:
    killed = counts["killed"] + counts["timeout"]
    cells = (f"`{module}`", _all(counts), killed, counts["timeout"], counts["survived"], f"{share(counts):.0f} %", counts["text"])
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _reasons(survivors: list[dict[str, str]]) -> list[str]:
    """A line a function and reason, with how many mutants it is the reason for."""
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for entry in survivors:
        grouped.setdefault((entry["function"], entry["why"]), []).append(entry)
    return [f"- `{function}` ({len(entries)}): {why}" for (function, why), entries in sorted(grouped.items())]
