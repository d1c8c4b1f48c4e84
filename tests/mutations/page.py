"""The section of docs/faults.md with the mutation score."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

from include.core.paths import PROJECT

PAGE = PROJECT / "docs" / "faults.md"
TITLE = "## Mutation score"
HEAD = f"""{TITLE}

Written by `make mutations` (`python -m tests.mutations.run`), which runs mutmut on the areas in `pyproject.toml`: the
ledger, the sender with its accounts and scheduled mail, the collector and the SendGrid client. Each mutant is one small
change to a function (a comparison reversed, an argument dropped, a number incremented). It counts as killed if a test of its
area fails or does not end. mutmut does not change functions with a decorator, statements outside functions or migrations;
the guards there were broken by hand, and have tests in `tests/ledger/` and `tests/dispatch/`. Mutants that change only the
words of an error or a log line are not scored, killed or not, and are counted in the last column."""
SAMPLE = """The modules have {mutants:,} mutants, which would take days. A sample was tried, one in so many, selected by
a hash of a salt (`{salt}`, in `pyproject.toml`) and the mutant's name. *At first* is its score before tests were written for
it, so it estimates the score of all mutants: each counts as often as the mutants that it stands for, and the intervals are
Wilson's, at 95 %. *Now* is the score of the same sample after tests were written for its survivors, so it says less about
the mutants outside it. A new salt draws a new sample."""
UNKILLABLE = ("Equivalent", "Words only")
"""How the reason of a survivor starts if no test of behaviour can kill it."""
COLUMNS = (
    "Mutants",
    "One in",
    "Tried",
    "Killed at first",
    "Killed now",
    "of these, timed out",
    "Survived",
    "Score",
    "Words only",
)


def section(found: dict[str, Any]) -> str:
    """As Markdown, without a line end."""
    modules = found["modules"]
    sample = SAMPLE.format(mutants=sum(entry["mutants"] for entry in modules.values()), salt=found["salt"])
    head = f"| Module | {' | '.join(COLUMNS)} |\n|---{'|--:' * len(COLUMNS)}|\n"
    lines = "\n".join(_line(*each) for each in modules.items())
    reasons = "### Why the survivors are acceptable\n\n" + "\n".join(_reasons(found["survivors"]))
    return "\n\n".join([HEAD, sample, _folders(found), _of_killable(found), head + lines, reasons])


def without_equivalent(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The modules with their first counts, without the survivors that no test can kill, by their reasons."""
    equivalent = Counter(
        f"include/{'/'.join(entry['function'].split('.')[:-1])}.py"
        for entry in found["survivors"]
        if entry["why"].startswith(UNKILLABLE)
    )
    methods = {module: number for module, number in equivalent.items() if module not in found["modules"]}
    for module, number in methods.items():  # of a class: its name is no part of the path
        equivalent[f"{module.rpartition('/')[0]}.py"] += number
    first = {module: entry | entry["first"] for module, entry in found["modules"].items()}
    return [entry | {"survived": entry["survived"] - equivalent[module]} for module, entry in first.items()]


def _of_killable(found: dict[str, Any]) -> str:
    """The usual mutation score: equivalent mutants do not count, since no test can kill them."""
    modules = without_equivalent(found)
    rate, low, high = estimate(modules)
    left_out = sum(entry["first"]["survived"] for entry in found["modules"].values()) - _survived(modules)
    return (
        f"Of the mutants that a test can kill, **{rate:.1f} %** were killed at first ({low:.1f} to {high:.1f} %): the "
        f"{left_out} equivalent ones are left out, as is usual for a mutation score (Jia and Harman, 2011)."
    )


def changes(modules: list[str]) -> str:
    """The modules that changed since their run, to be appended to the section."""
    named = ", ".join(f"`{module.removeprefix('include/')}`" for module in modules) or "none"
    return f"\n\n### Changed since\n\nModules whose statements have changed since their run: {named}."


def estimate(modules: list[dict[str, Any]]) -> tuple[float, float, float]:
    """The share of killed among all mutants of the modules, with Wilson's 95 % interval, in percent.

    Where modules have different rates, the size of the sample is Kish's effective one.
    """
    total = sum(entry["every"] * _all(entry) for entry in modules)
    if not total:
        return 0.0, 0.0, 100.0
    rate, z = sum(entry["every"] * _killed(entry) for entry in modules) / total, 1.96
    size = total**2 / sum(entry["every"] ** 2 * _all(entry) for entry in modules)
    middle, half = rate + z**2 / (2 * size), z * math.sqrt(rate * (1 - rate) / size + z**2 / (4 * size**2))
    return 100 * rate, *(100 * bound / (1 + z**2 / size) for bound in (middle - half, middle + half))


def shares(found: dict[str, Any]) -> dict[str, float]:
    """The share of killed mutants of each folder of `include/` now, in percent."""
    return {folder: estimate(modules)[0] for folder, modules in _by_folder(found).items()}


def _by_folder(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    folders: dict[str, list[dict[str, Any]]] = {}
    for module, entry in found["modules"].items():
        folders.setdefault(module.split("/")[1], []).append(entry)
    return folders


def put(page: Path, text: str) -> None:
    """Replace the section, or append it; it is the page's last one."""
    page.write_text(page.read_text().partition(TITLE)[0].rstrip() + f"\n\n{text}\n")


def _folders(found: dict[str, Any]) -> str:
    """The table of the folders, with a line for all of them."""
    rows = [(f"`{folder}`", modules) for folder, modules in _by_folder(found).items()]
    rows.append(("all", list(found["modules"].values())))
    head = "| Folder | Tried | At first | 95 % interval | Survived at first | Now | Survived now |\n"
    return head + "|---|--:|--:|:-:|--:|--:|--:|\n" + "\n".join(_folder(*row) for row in rows)


def _folder(name: str, modules: list[dict[str, Any]]) -> str:
    first = [entry | entry["first"] for entry in modules]
    rate, low, high = estimate(first)
    cells = (name, sum(map(_all, first)), f"**{rate:.1f} %**", f"{low:.1f} to {high:.1f} %", _survived(first))
    return _row(*cells, f"{estimate(modules)[0]:.1f} %", _survived(modules))


def _survived(modules: list[dict[str, Any]]) -> int:
    return sum(int(entry["survived"]) for entry in modules)


def _all(counts: dict[str, Any]) -> int:
    return _killed(counts) + int(counts["survived"])


def _killed(counts: dict[str, Any]) -> int:
    return int(counts["killed"] + counts["timeout"])


def _line(module: str, counts: dict[str, Any]) -> str:
    tried = _all(counts)
    cells = (
        f"`{module}`",
        counts["mutants"],
        counts["every"],
        tried,
        f"{_killed(counts['first'])} of {_all(counts['first'])}",
    )
    score = f"{100 * _killed(counts) / tried:.0f} %" if tried else ""
    return _row(*cells, _killed(counts), counts["timeout"], counts["survived"], score, counts["text"])


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _reasons(survivors: list[dict[str, str]]) -> list[str]:
    """One line per function and reason, with its number of mutants."""
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for entry in survivors:
        grouped.setdefault((entry["function"], entry["why"]), []).append(entry)
    return [f"- `{function}` ({len(entries)}): {why}" for (function, why), entries in sorted(grouped.items())]
