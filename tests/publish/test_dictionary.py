"""The documentation for analysts matches the published file."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from include.analyze.marts import build_marts
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_secrets
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.publish import dictionary
from include.publish.file import publish
from include.publish.report import write_report

DATED = "data/published/dated/2026-11-28.duckdb"
QUERIES = re.findall(r"```sql\n(.*?)```", (PROJECT / "docs" / "analysts.md").read_text(), re.DOTALL)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    """The marts of empty stores, published once. For tests that only read."""
    paths = DataPaths(tmp_path_factory.mktemp("empty"))
    secrets = load_secrets(paths)
    ledger = open_ledger(f"sqlite:///{paths.root}/ledger.sqlite", secrets)
    build_marts(Stores(paths, ledger, secrets), as_of=datetime(2026, 11, 24, tzinfo=UTC))
    ledger.close()
    publish(paths)
    return paths


def test_data_dictionary_matches_comments_of_marts(
    empty: DataPaths, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIND_DATA", str(empty.root))
    assert dictionary.PAGE.read_text() == dictionary.page(empty), "run `make docs`"
    assert dictionary.main(["--check"]) == 0
    assert dictionary.main([]) == 0
    assert capsys.readouterr().out == dictionary.PAGE.read_text()


def test_check_fails_after_comment_changed(marts: DataPaths) -> None:
    publish(marts)
    assert dictionary.main(["--check"]) == 1


def test_report_of_empty_marts_says_how_to_send_a_campaign(empty: DataPaths) -> None:
    page = (empty.root / write_report(empty)).read_text()
    assert "No campaign has been sent yet." in page
    assert "trigger a DAG such as <code>send_newsletter</code>" in page
    assert page.count('class="empty"') >= 6


@pytest.mark.parametrize("query", QUERIES)
def test_example_queries_run_on_empty_marts(empty: DataPaths, query: str, tmp_path: Path) -> None:
    with duckdb.connect(str(empty.published / "analytics.duckdb"), read_only=True) as connection:
        assert connection.execute(_with_earlier_file(query, empty, tmp_path)).description


@pytest.mark.parametrize("query", QUERIES)
def test_example_queries_return_rows_from_sample(published: DataPaths, query: str, tmp_path: Path) -> None:
    with duckdb.connect(str(published.published / "analytics.duckdb"), read_only=True) as connection:
        assert connection.execute(_with_earlier_file(query, published, tmp_path)).to_arrow_table().num_rows > 0


def _with_earlier_file(query: str, paths: DataPaths, folder: Path) -> str:
    """The query, with a copy of the published file in the place of the dated one that it attaches."""
    copy = folder / "earlier.duckdb"
    shutil.copyfile(paths.published / "analytics.duckdb", copy)
    return query.replace(DATED, str(copy))


def test_guide_has_fifteen_example_queries_and_one_compares_with_an_earlier_file() -> None:
    assert len(QUERIES) == 15
    assert sum(DATED in query for query in QUERIES) == 1
