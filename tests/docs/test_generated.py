"""Generated pages agree with their sources, and links between pages resolve."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from include.core.paths import PROJECT
from include.core.settings import Settings
from operations import capacity_page, generate_docs


def test_sql_page_is_up_to_date() -> None:
    assert (PROJECT / "docs" / "sql.md").read_text() == generate_docs.sql_page(), "run `make docs`"


def test_the_page_of_quality_rules_is_up_to_date() -> None:
    assert (PROJECT / "docs" / "quality-rules.md").read_text() == generate_docs.rules_page(), "run `make docs`"


def test_the_table_of_environment_variables_is_up_to_date() -> None:
    readme = (PROJECT / "README.md").read_text()
    assert generate_docs.with_settings(readme) == readme, "run `make docs`"
    assert readme.count("| `TRADEWIND_") == len(Settings.model_fields)


def test_the_tables_of_the_capacity_model_are_up_to_date() -> None:
    page = (PROJECT / "docs" / "capacity.md").read_text()
    assert capacity_page.with_tables(page) == page, "run `make docs`"
    with pytest.raises(ValueError, match="end of tables"):
        capacity_page.with_tables("# Capacity")


def test_a_readme_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="end of settings"):
        generate_docs.with_settings("# Tradewind")


def test_dags_page_is_up_to_date(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ.setdefault("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
    assert (PROJECT / "docs" / "dags.md").read_text() == generate_docs.dags_page(generate_docs.load_dags()), (
        "run `make docs`"
    )


CHECKOUTS = ("home", "root", "Users", "work", "workspace", "builds")
"""Folders in which people and build servers keep checkouts."""


def pages() -> list[Path]:
    """All pages of the repository. The packages in .venv are not even listed: they have a hundred thousand files."""
    others = [path for path in PROJECT.iterdir() if path.is_dir() and path.name != ".venv"]
    return sorted([*PROJECT.glob("*.md"), *(page for folder in others for page in folder.rglob("*.md"))])


@pytest.mark.parametrize("page", pages(), ids=str)
def test_links_between_pages_resolve(page: Path) -> None:
    import re

    text = page.read_text()
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text)
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []
    assert str(PROJECT) not in text
    assert not re.search(rf"(?<![\w./-])/(?:{'|'.join(CHECKOUTS)})/", text), "a page contains a path of one machine"
