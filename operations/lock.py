"""`python -m operations.lock`: whether requirements*.txt still answer requirements*.in, without a network.

uv writes beside each pin which file asked for it; so what a file asks for and what its lock was made for can be compared.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from include.core.paths import PROJECT

FILES = ("requirements", "requirements-dev")
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)")


def drift(folder: Path = PROJECT) -> list[str]:
    """What does not fit, a line each; empty where all is well."""
    return [line for name in FILES for line in _drift(folder / f"{name}.in", folder / f"{name}.txt")]


def _drift(asked: Path, locked: Path) -> list[str]:
    wanted = _wanted(asked)
    pins, direct = _pins(locked, asked.name)
    complaints = [f"{locked.name}: {name} is missing" for name in wanted.keys() - pins.keys()]
    complaints += [
        f"{locked.name}: {name}=={pins[name]} does not satisfy '{requirement}'"
        for name, requirement in wanted.items()
        if name in pins and not requirement.specifier.contains(Version(pins[name]), prereleases=True)
    ]
    complaints += [
        f"{locked.name}: {name} is locked for {asked.name}, which does not ask for it" for name in direct - wanted.keys()
    ]
    return sorted(complaints)


def _wanted(path: Path) -> dict[str, Requirement]:
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    requirements = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def _pins(path: Path, asked: str) -> tuple[dict[str, str], set[str]]:
    """Every pin, and those that the lock says `asked` named itself."""
    pins: dict[str, str] = {}
    direct: set[str] = set()
    name = ""
    for line in path.read_text().splitlines():
        found = _PIN.match(line)
        if found:
            name = canonicalize_name(found["name"])
            pins[name] = found["version"]
        elif name and re.search(rf"-r {re.escape(asked)}$", line):
            direct.add(name)
    return pins, direct


if __name__ == "__main__":
    complaints = drift()
    print("\n".join([*complaints, "Run `make lock`."] if complaints else ["the lock files fit"]))  # noqa: T201
    sys.exit(bool(complaints))
