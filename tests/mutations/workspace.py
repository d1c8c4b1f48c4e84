"""A workspace: a copy of the project in which mutmut runs on one area, with the area's configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.core.paths import PROJECT
from tests.mutations.plugin.sampled import is_tried

WORKSPACES = PROJECT / "build" / "mutations"
PLUGINS = Path(__file__).with_name("plugin")
SETTLED = {0: "survived", 1: "killed", 3: "killed", 5: "survived", 33: "survived", 34: "skipped", 37: "killed"}
"""The meaning of mutmut's exit codes; any other one is a timeout or a crash."""


@dataclass(frozen=True)
class Area:
    """Modules to mutate, and the tests that should fail. One in `every` mutants is tried, selected by the salt.

    `seconds` limits the tests that a mutant is tried with at first: the likely ones, then the fastest.
    """

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    every: int = 1
    salt: str = ""
    seconds: int = 60


@dataclass(frozen=True)
class Mutant:
    """One mutant, by mutmut's name, and its status: killed, survived, timeout or skipped."""

    name: str
    module: str
    status: str


def areas() -> list[Area]:
    """The areas in pyproject.toml."""
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["tradewind"]["mutations"]
    shared = {"salt": table["salt"], "seconds": table["seconds"]}
    return [
        Area(name, **shared, **{part: _frozen(value) for part, value in area.items()})
        for name, area in table["areas"].items()
    ]


def prepare(area: Area, explained: Collection[str] = ()) -> None:
    """Copy the tracked files into the workspace; mutmut keeps earlier results of unchanged functions.

    Survivors that are `explained` (by mutmut's names) are not tried again.
    """
    place = place_of(area)
    place.mkdir(parents=True, exist_ok=True)
    for old in place.iterdir():
        if old.name != "mutants":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=PROJECT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (PROJECT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, place / name)
    _refresh(place, explained)
    (place / "pyproject.toml").write_text((PROJECT / "pyproject.toml").read_text() + _configuration(area, place))


def run(area: Area, postgres: str | None, children: int) -> None:
    """Run mutmut; its results are beside the mutated modules. Raises if the tests fail without a mutation.

    Mutants that survive the tests of `area.seconds`, and timeouts, are tried again with all tests that reach the function.
    """
    _run(area, postgres, children, str(area.seconds))
    again = [mutant.name for mutant in mutants(area) if mutant.status in ("survived", "timeout")]
    if again:
        _run(area, postgres, children, "inf", again)


def _run(area: Area, postgres: str | None, children: int, seconds: str, names: Collection[str] = ()) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS), "PYTEST_PLUGINS": "killers_first", "MUTANT_SECONDS": seconds}
    if postgres:
        environment["TRADEWIND_TEST_POSTGRES"] = postgres
    command = [sys.executable, "-m", "sampled", str(area.every), area.salt, "run", "--max-children", str(children), *names]
    subprocess.run(command, cwd=place_of(area), env=environment, check=True)


def mutants(area: Area) -> list[Mutant]:
    """The mutants of the area's samples (`rates`) with their results."""
    by_module = _results(area)
    return [
        Mutant(name, module, SETTLED.get(code, "timeout"))
        for module, every in rates(area).items()
        for name, code in by_module[module].items()
        if code is not None and is_tried(name, every, area.salt)
    ]


def population(area: Area) -> dict[str, int]:
    """The number of all mutants of each module, tried or not."""
    return {module: len(codes) for module, codes in _results(area).items() if codes}


def rates(area: Area) -> dict[str, int]:
    """The rate of each module's sample: the area's, or of a run that was ended, the densest multiple that is complete.

    A module is left out if not even one in `8 * every` is complete.
    """
    found = {}
    for module, codes in _results(area).items():
        complete = [every for every in (area.every * factor for factor in (1, 2, 4, 8)) if _is_complete(codes, every, area)]
        if codes and complete:
            found[module] = complete[0]
    return found


def _is_complete(codes: dict[str, int | None], every: int, area: Area) -> bool:
    return all(code is not None for name, code in codes.items() if is_tried(name, every, area.salt))


def _results(area: Area) -> dict[str, dict[str, int | None]]:
    """Per module, mutmut's names of all mutants with the exit code of their tests, None if not tried."""
    mutated = place_of(area) / "mutants"
    return {
        str(meta.relative_to(mutated)).removesuffix(".meta"): json.loads(meta.read_text())["exit_code_by_key"]
        for meta in sorted((mutated / "include").rglob("*.py.meta"))
    }


def diffs(area: Area, wanted: list[Mutant]) -> dict[Mutant, str]:
    """Each mutant's diff. Runs in a child process, since mutmut reads its configuration from the working folder once."""
    show = (
        "import sys, json\n"
        "from mutmut.mutation.diff_apply import get_diff_for_mutant\n"
        "json.dump([get_diff_for_mutant(name) for name in json.load(sys.stdin)], sys.stdout)"
    )
    if not wanted:
        return {}
    names = json.dumps([mutant.name for mutant in wanted])
    finished = subprocess.run(
        [sys.executable, "-c", show], cwd=place_of(area), input=names, capture_output=True, text=True, check=True
    )
    return dict(zip(wanted, json.loads(finished.stdout), strict=True))


def place_of(area: Area) -> Path:
    """The area's workspace."""
    return WORKSPACES / area.name


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _refresh(place: Path, explained: Collection[str]) -> None:
    """Update the files that are not mutated, since mutmut copies each file only once, and clear outdated results.

    Unexplained survivors are tried again, since there may be new tests, and so are timeouts, since the machine may have
    been busy. The mapping from tests to functions is deleted, since mutmut would only add new tests to it.
    """
    mutated = place / "mutants"
    (mutated / "mutmut-stats.json").unlink(missing_ok=True)
    for meta in (mutated / "include").rglob("*.py.meta"):
        known = json.loads(meta.read_text())
        known["exit_code_by_key"] = {
            name: code if SETTLED.get(code) == "killed" or name in explained else None
            for name, code in known["exit_code_by_key"].items()
        }
        meta.write_text(json.dumps(known))
    for folder in ("tests", "simulator", "operations"):
        shutil.rmtree(mutated / folder, ignore_errors=True)
    for copied in [path for path in (mutated / "include").rglob("*") if path.is_file() and path.suffix != ".meta"]:
        if not copied.with_name(f"{copied.name}.meta").exists() or not (place / copied.relative_to(mutated)).exists():
            copied.unlink()


def _configuration(area: Area, place: Path) -> str:
    beside = sorted(path.name for path in place.iterdir() if path.name not in ("include", "mutants", "pyproject.toml"))
    return "\n[tool.mutmut]\n" + "".join(
        f"{name} = {json.dumps(value)}\n"
        for name, value in {
            "source_paths": ["include"],
            "only_mutate": list(area.modules),
            "do_not_mutate": ["*/migrations/*"],  # Alembic loads them by path, where mutmut cannot change them
            "also_copy": beside,
            "pytest_add_cli_args_test_selection": list(area.tests),
            "pytest_add_cli_args": [*area.arguments, "-p", "no:cacheprovider", "-p", "no:warnings", "--timeout=60"],
            "timeout_multiplier": 3.0,
            "timeout_constant": 20.0,
            "process_isolation": "forkserver",  # imports the tests once, not for each mutant
            "use_git_change_detection": False,
            "track_dependencies": False,
            "do_not_mutate_patterns": [r"^\s*(remedy=|where=|log\.)"],
        }.items()
    )
