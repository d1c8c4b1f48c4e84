"""Every case passes, and every SQL file matches its header. How to write a case: see cases.py."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from include.core import sqlfile
from include.core.paths import SQL
from tests.sql.cases import CASES, Case, differences, discover

FILES = sorted(SQL.rglob("*.sql"))
LOGIC = re.compile(r"\b(join|case|group by|having|qualify|union|except|intersect|distinct|over|filter)\b")
"""Keywords of statements that join, aggregate or branch, as opposed to a plain select, insert, update or delete."""
NOT_SQL = re.compile(r"--.*|'[^']*'")


@pytest.mark.parametrize("case", discover(), ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    wrong = differences(case, tmp_path)

    assert not wrong, "\n".join([f"tests/sql/{case}", *wrong])


def test_every_case_folder_names_an_sql_file() -> None:
    unmatched = [str(case) for case in discover() if not (SQL / case.stage / f"{case.name}.sql").is_file()]

    assert unmatched == []


def test_every_statement_with_logic_has_a_case() -> None:
    """Every statement that joins, aggregates or branches has a case; there are no exceptions."""
    covered = {SQL / case.stage / f"{case.name}.sql" for case in discover()}

    untested = [path for path in FILES if path not in covered and LOGIC.search(NOT_SQL.sub("", path.read_text()))]

    assert [path.relative_to(SQL).as_posix() for path in untested] == []


def test_every_case_has_an_expectation() -> None:
    lowest = [
        path for path in CASES.rglob("*/") if path.name != "__pycache__" and not any(p.is_dir() for p in path.iterdir())
    ]

    assert [str(path.relative_to(CASES)) for path in lowest if not (path / "expect.yaml").is_file()] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SQL).as_posix())
def test_file_is_one_statement_with_the_parameters_of_its_header(path: Path) -> None:
    file = sqlfile.read(path)

    statements = duckdb.extract_statements(file.statement)

    assert len(statements) == 1, "one statement per file"
    assert file.statement.endswith(";"), "a statement must end with a semicolon"
    assert set(file.params) == set(statements[0].named_parameters), (
        "the params of the header differ from those of the statement"
    )
    assert len(file.params) == len(set(file.params))


def test_runner_reports_missing_row(tmp_path: Path) -> None:
    """A runner that cannot fail proves nothing."""
    (tmp_path / "expect.yaml").write_text("core.subscribers:\n- {subscriber_id: nobody}\n")

    wrong = differences(Case(tmp_path, "warehouse", "050_subscribers"), tmp_path)

    assert wrong == ['core.subscribers lacks the row  subscriber_id: "nobody"']


def test_runner_reports_wrong_order(tmp_path: Path) -> None:
    (tmp_path / "expect.yaml").write_text("in_order:\n- {zone: Europe/Berlin}\n- {zone: Asia/Tokyo}\n")
    (tmp_path / "main.mail_groups.yaml").write_text(
        "- {zone: Asia/Tokyo, own_hour: -1}\n- {zone: Europe/Berlin, own_hour: -1}\n"
    )

    wrong = differences(Case(tmp_path, "dispatch", "mail_zones"), tmp_path)

    assert wrong == ["the query has the rows in another order:", 'zone: "Asia/Tokyo"', 'zone: "Europe/Berlin"']
