"""`python -m operations.lockfile_check`: checks that pyproject.toml, uv.lock and the exported requirements files agree.

uv compares them without a network. `make lock` resolves and exports; nothing else writes these files.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from include.core.paths import PROJECT

INDEX = "https://pypi.org/simple"
EXPORTS = {
    "requirements.txt": ("--no-dev",),
    "requirements-dev.txt": ("--only-group", "dev"),
    "requirements-demo.txt": ("--only-group", "demo"),
}
"""The options of `uv export` for each file that `make lock` writes."""


def differences(folder: Path = PROJECT) -> list[str]:
    """One line per file that is out of date; empty if all agree."""
    check = _uv(folder, "lock", "--check", "--default-index", INDEX)
    if check.returncode:
        return [f"uv.lock does not match pyproject.toml: {' '.join(check.stderr.split())}"]
    return [
        f"{name} is not what uv exports from uv.lock" for name in EXPORTS if _exported(folder, name) != _stored(folder, name)
    ]


def _exported(folder: Path, name: str) -> list[str]:
    done = _uv(folder, "export", "--frozen", "--no-hashes", "--no-header", *EXPORTS[name])
    return done.stdout.splitlines()


def _stored(folder: Path, name: str) -> list[str]:
    return (folder / name).read_text(encoding="utf-8").splitlines()


def _uv(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), *arguments, "--offline", "--python", sys.executable]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    found = differences()
    print("\n".join([*found, "Run `make lock`."] if found else ["pyproject.toml, uv.lock and the requirements files agree"]))  # noqa: T201
    sys.exit(bool(found))
