"""pyproject.toml and the changelog have the same version, and git hooks do not use the network."""

from __future__ import annotations

import re
import shlex
import tomllib
from datetime import date

import yaml

from include.core.paths import PROJECT


def test_the_newest_changelog_entry_has_the_version() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    entries = re.findall(r"^## \[(.+?)\](?: - (.+))?$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert entries[0] == ("Unreleased", "")
    assert entries[1][0] == version
    days = [date.fromisoformat(day) for _, day in entries[1:]]
    assert days == sorted(days, reverse=True)


def test_hooks_run_the_tools_of_the_virtual_environment_and_make_lint_before_a_push() -> None:
    repositories = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    hooks = {hook["id"]: hook for hook in repositories[0]["hooks"]}
    assert {hook["language"] for hook in hooks.values()} == {"system"}
    assert hooks["lint"]["entry"] == "make lint"
    assert hooks["lint"]["stages"] == ["pre-push"]
    makefile = (PROJECT / "Makefile").read_text()
    assert hooks["check"]["entry"] == ".venv/bin/python -m operations.check"
    for name in hooks.keys() - {"lint", "check"}:
        program = shlex.split(hooks[name]["entry"])[0].removeprefix(".venv/bin/")
        assert f"@$(VENV)/bin/{program} " in makefile, f"{program} is a hook and not a part of `make lint`"


def test_the_python_version_is_the_oldest_supported() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={(PROJECT / '.python-version').read_text().strip()}"
