"""The results of mutation tests in score.yaml: counts per module, and every survivor with its reason."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml

from include.core.paths import PROJECT
from tests.mutations.workspace import Area, Mutant, place_of

FILE = Path(__file__).with_name("score.yaml")
STATUSES = ("killed", "timeout", "survived", "text")
_TEXT = re.compile(r"""^\s*(remedy=|where=|log\.|f?"[^"]* [^"]*",?$|f?'[^']* [^']*',?$|raise [A-Z]\w+\()""")
"""Lines with the text of an error or a log message. Tests check that a message is emitted, not its wording."""


@dataclass(frozen=True)
class Change:
    """What a mutant changes: the lines `was` and `becomes`. `why`: the reason why it may survive, written by a developer."""

    function: str
    was: str
    becomes: str
    why: str = ""

    @property
    def is_text(self) -> bool:
        return all(_TEXT.match(line) for line in self.was.splitlines())


def change(mutant: Mutant, diff: str) -> Change:
    """Built from mutmut's diff. The function has its name in the source, which is stable when mutants are renumbered."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was, becomes = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    name = re.sub(r"x_|xǁ", "", mutant.name.partition("__mutmut_")[0].removeprefix("include.")).replace("ǁ", ".")
    return Change(name, was, becomes)


def is_explained(found: Change) -> bool:
    """Whether it has a reason, or changes only the text of a message."""
    return found.is_text or any(_key(entry) == _key(asdict(found)) and entry["why"] for entry in read()["survivors"])


def read() -> dict[str, Any]:
    """The file's content.

    `salt`; `modules`: path → counts, with `mutants` (all of them), `every` (the rate of the
    sample), `first` (rate and counts when it was drawn), `source` (`fingerprint`); `survivors`: `Change`s as mappings.
    """
    return yaml.safe_load(FILE.read_text()) if FILE.exists() else {"modules": {}, "survivors": []}


def merge(
    area: Area,
    population: Mapping[str, int],
    rates: Mapping[str, int],
    found: Iterable[Mutant],
    survivors: Iterable[Change],
) -> dict[str, Any]:
    """The file's content with the modules in `rates` replaced; reasons are kept.

    `population` is the number of mutants of each module, `rates` of how many one was tried. The first counts of a module
    stay until there is a new salt, which removes all modules of the earlier one.
    """
    before, statuses = read(), Counter[tuple[str, str]]()
    for mutant in found:
        statuses[mutant.module, mutant.status] += 1
    known = before["modules"] if before.get("salt") == area.salt else {}
    counts = {}
    for module, every in rates.items():
        now = {"every": every, **{status: statuses[module, status] for status in STATUSES}}
        first = known.get(module, {}).get("first", now)
        source = fingerprint(place_of(area) / module)
        counts[module] = {"mutants": population[module], **now, "first": dict(first), "source": source}
    reasons = {_key(entry): entry["why"] for entry in before["survivors"]}
    fresh = [asdict(each) for each in survivors]
    for entry in fresh:
        entry["why"] = reasons.get(_key(entry), "")
    others = [entry for entry in before["survivors"] if _module(entry, known) not in (None, *counts)]
    return {
        "salt": area.salt,
        "modules": dict(sorted({**known, **counts}.items())),
        "survivors": sorted(others + fresh, key=lambda entry: (entry["function"], entry["was"], entry["becomes"])),
    }


def write(score: dict[str, Any]) -> None:
    FILE.write_text(yaml.safe_dump(score, sort_keys=False, allow_unicode=True, width=125))


def fingerprint(path: Path) -> str:
    """A hash of a module's statements: comments, docstrings and layout do not count. Empty if there is no such module."""
    if not path.exists():
        return ""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            del body[0]
    return blake2b(ast.dump(tree).encode(), digest_size=6).hexdigest()


def changed(found: dict[str, Any]) -> list[str]:
    """The modules that changed since their run."""
    return [module for module, entry in found["modules"].items() if entry["source"] != fingerprint(PROJECT / module)]


def _module(entry: dict[str, str], modules: Iterable[str]) -> str | None:
    """The one of the modules that contains the survivor's function."""
    return next((each for each in modules if entry["function"].startswith(_dotted(each) + ".")), None)


def _dotted(module: str) -> str:
    return module.removeprefix("include/").removesuffix(".py").replace("/", ".")


def _key(entry: dict[str, str]) -> tuple[str, str, str]:
    return entry["function"], entry["was"], entry["becomes"]
