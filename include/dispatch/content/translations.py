"""Finds translations that are older than their original.

In a Git checkout, the age of a file is that of the last commit that changed it, since a clone writes all files anew; a file
with changes that are not committed has the time of its last edit. Elsewhere the time of the last edit counts, and a minute
of difference does not: copying and unpacking write one file after another.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from include.core.finding import Finding

_TRANSLATION = re.compile(
    r"^(?P<part>subject|preheader|body)\.(?P<locale>[A-Za-z]{2,8}(?:[-_]\w+)*)\.(?P<ending>(?:txt|html|mjml)\.j2)$"
)
_COPYING_SECONDS = 60.0


def outdated(folder: Path) -> Iterator[Finding]:
    """A warning for each translation in `folder`, the folder of all templates, that is older than its original."""
    translations = [path for path in sorted(folder.glob("*/*.j2")) if _TRANSLATION.match(path.name)]
    committed = _committed(folder) if translations else None
    for path in translations:
        match = _TRANSLATION.match(path.name)
        assert match is not None
        original = path.with_name(f"{match['part']}.{match['ending']}")
        if original.is_file():
            ages = [_changed_at(one, folder, committed) for one in (original, path)]
            if ages[0] - ages[1] > (_COPYING_SECONDS if committed is None else 0):
                yield _finding(path, original, *ages)


def _finding(path: Path, original: Path, changed: float, translated: float) -> Finding:
    days = [datetime.fromtimestamp(at, UTC).date().isoformat() for at in (changed, translated)]
    what = f"is older than {original.name}, which was changed on {days[0]}; this translation on {days[1]}."
    return Finding("warning", path, 1, what, f"Translate the change, or note that there is none: {{# checked {days[0]} #}}.")


def _changed_at(path: Path, folder: Path, committed: dict[str, float] | None) -> float:
    edited = path.stat().st_mtime
    return edited if committed is None else committed.get(str(path.relative_to(folder)), edited)


def _committed(folder: Path) -> dict[str, float] | None:
    """The time of the last commit of each file without other changes; None outside of a Git checkout."""
    log = _git(folder, "log", "--format=%x00%ct", "--name-only", "--relative", "--no-renames", "--", ".")
    changed = _git(folder, "status", "--porcelain", "--no-renames", "-z", "--untracked-files=all", "--", ".")
    prefix = _git(folder, "rev-parse", "--show-prefix")
    if not log or changed is None or prefix is None:
        return None
    found: dict[str, float] = {}
    for commit in log.split("\0")[1:]:
        at, *names = [line for line in commit.splitlines() if line]
        for name in names:
            found.setdefault(name, float(at))
    for entry in filter(None, changed.split("\0")):
        found.pop(entry[3:].removeprefix(prefix.strip()), None)
    return found


def _git(folder: Path, *words: str) -> str | None:
    """The output of a Git command; None if it fails or there is no Git."""
    command = ["git", "-C", str(folder), "-c", "core.quotePath=false", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout
