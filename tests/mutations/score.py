"""What a run found, kept in score.yaml: a line a module, and every survivor with the reason why it may live."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.mutations.workshop import Mutant

FILE = Path(__file__).with_name("score.yaml")
FATES = ("killed", "timeout", "survived", "text")
_TEXT = re.compile(r"""^\s*(remedy=|where=|log\.|f?"[^"]*",?$|f?'[^']*',?$|raise [A-Z]\w+\()""")
"""Lines of an error's or a log's words. What they say is read by people; that they are said is tested."""


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed. `was` and `becomes` are the changed lines; `why` is a person's judgement."""

    function: str
    was: str
    becomes: str
    why: str = ""

    @property
    def is_text(self) -> bool:
        return all(_TEXT.match(line) for line in self.was.splitlines())


def survivor(mutant: Mutant, diff: str) -> Survivor:
    """From mutmut's diff. The function is named as in the source, so that it is known again when mutants are renumbered."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was, becomes = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    name = re.sub(r"x_|xǁ", "", mutant.name.partition("__mutmut_")[0].removeprefix("include.")).replace("ǁ", ".")
    return Survivor(name, was, becomes)


def is_explained(lived: Survivor) -> bool:
    """Whether somebody said why it may live, or only words differ."""
    return lived.is_text or any(_key(entry) == _key(asdict(lived)) and entry["why"] for entry in read()["survivors"])


def read() -> dict[str, Any]:
    """`modules`: path → counts; `survivors`: a list of `Survivor` as mappings."""
    return yaml.safe_load(FILE.read_text()) if FILE.exists() else {"modules": {}, "survivors": []}


def merge(found: Iterable[Mutant], survivors: Iterable[Survivor], every: int = 1) -> dict[str, Any]:
    """The file with the found modules' lines replaced; reasons that were given before are kept. One in `every` was tried."""
    before, fates = read(), Counter[tuple[str, str]]()
    for mutant in found:
        fates[mutant.module, mutant.fate] += 1
    modules = {module for module, _ in fates}
    reasons = {_key(entry): entry["why"] for entry in before["survivors"]}
    fresh = [asdict(each) for each in survivors]
    for entry in fresh:
        entry["why"] = reasons.get(_key(entry), "")
    prefixes = tuple(module.removeprefix("include/").removesuffix(".py").replace("/", ".") + "." for module in modules)
    others = [entry for entry in before["survivors"] if not entry["function"].startswith(prefixes)]
    counts = {module: {"every": every, **_counts(fates, module)} for module in modules}
    return {
        "modules": dict(sorted({**before["modules"], **counts}.items())),
        "survivors": sorted(others + fresh, key=lambda entry: (entry["function"], entry["was"], entry["becomes"])),
    }


def write(score: dict[str, Any]) -> None:
    FILE.write_text(yaml.safe_dump(score, sort_keys=False, allow_unicode=True, width=125))


def _counts(fates: Counter[tuple[str, str]], module: str) -> dict[str, int]:
    return {fate: fates[module, fate] for fate in FATES}


def _key(entry: dict[str, str]) -> tuple[str, str, str]:
    return entry["function"], entry["was"], entry["becomes"]
