"""The tutorial "from an idea to a measured campaign", executed word for word: its commands, files and query."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.core.paths import PROJECT
from operations import check
from tests.operators.campaigns import PEOPLE
from tests.operators.stack import Stack

PAGE = (PROJECT / "docs" / "tutorials" / "idea-to-measured-campaign.md").read_text(encoding="utf-8")
STEP = re.compile(r"(?:`(?P<file>include/[^`]+)`:\n\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
CAMPAIGN = "listening_evening"


def steps() -> Iterator[tuple[str, str, str]]:
    """The language, the text, and the file to which it is written, of each block of the page."""
    for found in STEP.finditer(PAGE):
        yield found["language"], found["text"], found["file"] or ""


def write(file: str, text: str) -> None:
    """Write a file of the page, into the folders that the settings name instead of the repository's."""
    kind, _, name = file.removeprefix("include/").partition("/")
    path = Path(os.environ[f"TRADEWIND_{kind.upper()}"]) / name
    assert path.exists(), "make new-campaign has written it"
    path.write_text(text, encoding="utf-8")


def execute(language: str, text: str) -> str:
    """What a block prints."""
    command = ["bash", "-euo", "pipefail", "-c", text] if language == "bash" else [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of the shipped campaigns and templates."""
    for kind in ("campaigns", "templates"):
        shutil.copytree(PROJECT / "include" / kind, tmp_path / kind)
        monkeypatch.setenv(f"TRADEWIND_{kind.upper()}", str(tmp_path / kind))
    monkeypatch.setenv("TRADEWIND_DATA", str(tmp_path / "data"))
    return tmp_path


def test_what_the_tutorial_writes_has_no_finding_and_is_previewed(folders: Path) -> None:
    """The steps that need no scheduler."""
    for language, text, file in steps():
        if file:
            write(file, text)
        elif "new-campaign" in text or "make preview" in text:
            execute(language, text)
    assert [finding for finding in check.check() if CAMPAIGN in str(finding.path)] == []
    page = (folders / "data" / "previews" / CAMPAIGN / "writer.html").read_text(encoding="utf-8")
    assert "A listening evening on Friday" in page
    assert "What will you play us on Friday?" in page


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_the_tutorial_leads_from_the_idea_to_figures(stack: Stack) -> None:
    printed = ""
    for language, text, file in steps():
        if file:
            write(file, text)
        elif text.strip() != "make check":  # It finds the campaigns that are broken for other drills.
            printed = execute(language, text)
    accepted, tally = stack.accepted(CAMPAIGN), stack.tally(CAMPAIGN)
    assert len(accepted) == len(set(accepted)) == tally.accepted
    assert tally.held_out > 0
    assert tally.accepted + tally.held_out + tally.suppressed == PEOPLE  # The mail of other drills made some leave.
    assert f"{len(accepted)}" in printed
    assert "hold_out" in printed
    assert "variants" in printed
