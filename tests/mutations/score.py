"""The results of mutation tests in score.yaml: counts per module, and every survivor with its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.mutations.workspace import Mutant

FILE = Path(__file__).with_name("score.yaml")
STATUSES = ("killed", "timeout", "survived", "text")
_TEXT = re.compile(r"""^\s*(remedy=|where=|log\.|f?"[^"]*",?$|f?'[^']*',?$|raise [A-Z]\w+\()""")
"""Lines with the text of an error or a log message. Tests check that a message is emitted, not its wording."""


@dataclass(frozen=True)
class Survivor:
    """A surviving mutant. `was` and `becomes` are the changed lines; `why` is the reason, written by a developer."""

    function: str
    was: str
    becomes: str
    why: str = ""

    @property
    def is_text(self) -> bool:
        return all(_TEXT.match(line) for line in self.was.splitlines())


def survivor(mutant: Mutant, diff: str) -> Survivor:
    """Built from mutmut's diff. The function has its name in the source, which is stable when mutants are renumbered."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was, becomes = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    name = re.sub(r"x_|xǁ", "", mutant.name.partition("__mutmut_")[0].removeprefix("include.")).replace("ǁ", ".")
    return Survivor(name, was, becomes)


def is_explained(found: Survivor) -> bool:
    """Whether it has a reason, or changes only the text of a message."""
    return found.is_text or any(_key(entry) == _key(asdict(found)) and entry["why"] for entry in read()["survivors"])


def read() -> dict[str, Any]:
    """The file's content. `modules`: path → counts; `survivors`: a list of `Survivor` as mappings."""
    return yaml.safe_load(FILE.read_text()) if FILE.exists() else {"modules": {}, "survivors": []}


def merge(found: Iterable[Mutant], survivors: Iterable[Survivor], every: int = 1) -> dict[str, Any]:
    """The file's content with the modules of this run replaced; reasons are kept. One in `every` mutants was tried."""
    before, statuses = read(), Counter[tuple[str, str]]()
    for mutant in found:
        statuses[mutant.module, mutant.status] += 1
    modules = {module for module, _ in statuses}
    reasons = {_key(entry): entry["why"] for entry in before["survivors"]}
    fresh = [asdict(each) for each in survivors]
    for entry in fresh:
        entry["why"] = reasons.get(_key(entry), "")
    prefixes = tuple(module.removeprefix("include/").removesuffix(".py").replace("/", ".") + "." for module in modules)
    others = [entry for entry in before["survivors"] if not entry["function"].startswith(prefixes)]
    counts = {module: {"every": every, **_counts(statuses, module)} for module in modules}
    return {
        "modules": dict(sorted({**before["modules"], **counts}.items())),
        "survivors": sorted(others + fresh, key=lambda entry: (entry["function"], entry["was"], entry["becomes"])),
    }


def write(score: dict[str, Any]) -> None:
    FILE.write_text(yaml.safe_dump(score, sort_keys=False, allow_unicode=True, width=125))


def _counts(statuses: Counter[tuple[str, str]], module: str) -> dict[str, int]:
    return {status: statuses[module, status] for status in STATUSES}


def _key(entry: dict[str, str]) -> tuple[str, str, str]:
    return entry["function"], entry["was"], entry["becomes"]
