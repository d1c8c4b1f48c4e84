"""Decisions in docs/adr have a unique number, a status and a date, and are in the index."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from include.core.paths import PROJECT
from operations import generate_docs

FOLDER = PROJECT / "docs" / "adr"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))


def test_numbers_are_unique() -> None:
    assert len(PAGES) >= 50
    twice = [number for number, pages in Counter(page.name[:4] for page in PAGES).items() if pages > 1]
    assert twice == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_starts_with_number_status_and_date(page: Path) -> None:
    title, _, status, day, *_ = page.read_text().splitlines()
    assert re.match(rf"# {int(page.name[:4])}\. \S", title)
    assert re.fullmatch(r"Status: (accepted|superseded by \[\d+\]\(\d{4}-[\w-]+\.md\))", status)
    assert date.fromisoformat(day.removeprefix("Date: ")) >= date(2026, 11, 24)


def test_the_index_is_up_to_date() -> None:
    assert (FOLDER / "README.md").read_text() == generate_docs.decisions_page(FOLDER), "run `make docs`"


def test_referenced_numbers_exist() -> None:
    numbers = {int(page.name[:4]) for page in PAGES}
    for path in (*PROJECT.glob("docs/**/*.md"), *PROJECT.glob("include/**/*.py"), *PROJECT.glob("include/**/*.sql")):
        named = re.findall(r"\bADRs? (\d+(?:, \d+)*)|docs/adr/0*(\d+)", path.read_text())
        for number in {int(digits) for found in named for text in found if text for digits in text.split(", ")}:
            assert number in numbers, f"{path.relative_to(PROJECT)} names ADR {number}, which is no page"


def test_a_page_without_status_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "0001-a-decision.md").write_text("# 1. A decision\n\nText.\n")
    with pytest.raises(ValueError, match="0001-a-decision"):
        generate_docs.decisions_page(tmp_path)
