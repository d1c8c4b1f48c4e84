"""The example queries and the tutorial for analysts run word for word on the file of a small shop, and return rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from include.core.paths import PROJECT, DataPaths

QUERIES = sorted((PROJECT / "docs" / "queries").glob("*.sql"))
TUTORIAL = (PROJECT / "docs" / "tutorials" / "ten-questions-with-sql.md").read_text()
HEADER = re.compile(r"-- question: \S.+\?\n-- reading:  \S.+\.\n\w")
STEPS = re.findall(r"```sql\n(.*?)```", TUTORIAL, re.DOTALL)


@pytest.fixture(scope="module")
def marts(small_shop: DataPaths) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(small_shop.published / "analytics.duckdb"), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_example_query_has_a_header_and_returns_rows(marts: duckdb.DuckDBPyConnection, path: Path) -> None:
    text = path.read_text()
    assert HEADER.match(text)
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    assert "".join(lines).count(";") == 1  # DuckDB makes two statements of one PIVOT
    assert marts.execute(text).to_arrow_table().num_rows > 0


def test_there_are_25_queries_and_the_page_lists_each_with_its_question() -> None:
    assert len(QUERIES) == 25
    page = (PROJECT / "docs" / "queries" / "README.md").read_text()
    for path in QUERIES:
        question = path.read_text().splitlines()[0].removeprefix("-- question: ")
        assert f"| [{path.name}]({path.name}) | {question} |" in page


@pytest.mark.parametrize("query", STEPS, ids=range(len(STEPS)))
def test_step_of_the_tutorial_returns_rows(marts: duckdb.DuckDBPyConnection, query: str) -> None:
    assert marts.execute(query).to_arrow_table().num_rows > 0


def test_the_tutorial_opens_the_file_and_answers_ten_questions(
    small_shop: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").symlink_to(small_shop.root)
    monkeypatch.chdir(tmp_path)
    (python,) = re.findall(r"```python\n(.*?)```", TUTORIAL, re.DOTALL)
    exec(python, {})
    assert "built_at" in capsys.readouterr().out
    assert len(re.findall(r"^## \d+\. ", TUTORIAL, re.MULTILINE)) == 10


def test_what_the_tutorial_says_of_its_numbers_holds(marts: duckdb.DuckDBPyConnection) -> None:
    behind = next(step for step in STEPS if "count(sends.message_key)" in step)
    assert all(row[2] == row[3] > 0 for row in marts.execute(behind).fetchall())
    believed = next(step for step in STEPS if "is_broken" in step)
    assert not any(row[3] for row in marts.execute(believed).fetchall())
