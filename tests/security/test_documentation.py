"""docs/security.md names tests and files that exist, and the software bill of materials lists what is installed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from include.core.paths import PROJECT

TEXT = (PROJECT / "docs" / "security.md").read_text()


def test_the_tests_and_files_that_are_named_exist() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", TEXT)
    assert len(named) > 10
    linked = re.findall(r"\]\(([\w./-]+\.(?:md|sql))\)", TEXT)
    for path in (*(PROJECT / one for one in named), *(PROJECT / "docs" / one for one in linked)):
        assert path.exists(), path


def test_the_bill_of_materials_has_every_locked_runtime_package(tmp_path: Path) -> None:
    made = tmp_path / "sbom.json"
    recipe = re.search(r"\$\(UV\) (export -q .* --format cyclonedx1\.5) -o", (PROJECT / "Makefile").read_text())
    assert recipe
    subprocess.run([PROJECT / ".venv/bin/uv", *recipe[1].split(), "-o", made], check=True, cwd=PROJECT, capture_output=True)
    listed = {(one["name"], one["version"]) for one in json.loads(made.read_text())["components"]}
    pinned = re.findall(r"^([\w.-]+)==([\w.]+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
    assert len(pinned) > 100
    assert set(pinned) <= listed
