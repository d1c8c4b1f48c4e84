"""The tutorial "connect your own database", executed step by step."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from include.core.errors import ConfigurationError
from include.core.paths import PROJECT, DataPaths
from include.validate.merge import merge_batch
from operations import new_source
from tests.sources.mapping import land_sample

PAGE = (PROJECT / "docs" / "tutorials" / "connect-your-database.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def table() -> list[tuple[str, ...]]:
    """The rows of the page's table, without its head."""
    lines = [line for line in PAGE.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


def test_the_tutorial_leads_from_the_database_to_people_in_the_warehouse(
    paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample, people, purchases, query = blocks("sql")
    mapping, orders, _, _ = new_source.create("crm", tmp_path)
    mapping.write_text(people, encoding="utf-8")
    orders.write_text(purchases, encoding="utf-8")
    landed = land_sample(paths, monkeypatch, mapping.parent, sample)
    assert landed.bad_rows == []
    assert landed.counts == {"subscribers": 3, "purchases": 2}
    for manifest in landed.manifests:
        merge_batch(paths, manifest)
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        assert warehouse.execute(query).fetchall() == table()
        assert warehouse.execute("select count(*) from core.purchases").fetchone() == (2,)


def test_the_commands_of_the_tutorial_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([a-z-]+)", "\n".join(blocks("bash")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_a_new_source_is_a_copy_of_the_example_and_overwrites_nothing(
    paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribers, _, sample, test = new_source.create("crm_2", tmp_path)
    assert 'with_name("crm_2.sql")' in test.read_text()
    assert 'folder("crm_2")' in test.read_text()
    assert "ada@example.com" in sample.read_text()
    assert land_sample(paths, monkeypatch, subscribers.parent, sample.read_text()).bad_rows == []
    with pytest.raises(ConfigurationError, match="exists"):
        new_source.create("crm_2", tmp_path)
    for name in ("../crm", "CRM", "", "a-b"):
        with pytest.raises(ConfigurationError, match="not a name"):
            new_source.create(name, tmp_path)
