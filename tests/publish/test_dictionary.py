"""The documents for analysts say what the published file says."""

from __future__ import annotations

import re
from datetime import UTC, datetime

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

QUERIES = re.findall(r"```sql\n(.*?)```", (PROJECT / "docs" / "analysts.md").read_text(), re.DOTALL)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    """The real marts of a shop where nothing has happened yet, published once. For tests that only read."""
    paths = DataPaths(tmp_path_factory.mktemp("empty"))
    secrets = load_secrets(paths)
    ledger = open_ledger(f"sqlite:///{paths.root}/ledger.sqlite", secrets)
    build_marts(Stores(paths, ledger, secrets), as_of=datetime(2026, 11, 24, tzinfo=UTC))
    ledger.close()
    publish(paths)
    return paths


def test_the_dictionary_is_what_the_marts_comments_say(
    empty: DataPaths, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIND_DATA", str(empty.root))
    assert dictionary.PAGE.read_text() == dictionary.page(empty), "run `make docs`"
    assert dictionary.main(["--check"]) == 0
    assert dictionary.main([]) == 0
    assert capsys.readouterr().out == dictionary.PAGE.read_text()


def test_a_changed_comment_is_noticed(marts: DataPaths) -> None:
    publish(marts)
    assert dictionary.main(["--check"]) == 1


def test_the_real_marts_make_a_report_that_says_what_to_do(empty: DataPaths) -> None:
    page = (empty.root / write_report(empty)).read_text()
    assert "No campaign has been sent yet." in page
    assert "trigger a DAG such as <code>send_newsletter</code>" in page
    assert page.count('class="empty"') >= 6


@pytest.mark.parametrize("query", QUERIES)
def test_the_guides_queries_run_on_the_real_marts(empty: DataPaths, query: str) -> None:
    with duckdb.connect(str(empty.published / "analytics.duckdb"), read_only=True) as connection:
        assert connection.execute(query).description


@pytest.mark.parametrize("query", QUERIES)
def test_the_guides_queries_find_something_in_the_sample(published: DataPaths, query: str) -> None:
    with duckdb.connect(str(published.published / "analytics.duckdb"), read_only=True) as connection:
        assert connection.execute(query).to_arrow_table().num_rows > 0


def test_the_guide_has_its_queries() -> None:
    assert len(QUERIES) == 9
