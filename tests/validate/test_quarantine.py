"""Quarantine: it can be browsed and exported, and rows leave it by themselves when the source is corrected."""

from __future__ import annotations

import csv
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.paths import PROJECT, DataPaths
from include.validate.batch import validate_batch
from include.validate.quality_page import write_quality_page
from include.validate.quarantine_export import export_quarantine, formula_safe
from tests.rows import Row, purchase, subscriber
from tests.validate.conftest import land_rows, query
from tests.validate.people import ingest

FORMULA = "=HYPERLINK(A1)"


def exported(paths: DataPaths, relation: str = "subscribers") -> list[Row]:
    (path,) = [path for path in export_quarantine(paths) if Path(path).name == f"{relation}.csv"]
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def quarantine_shown(paths: DataPaths) -> str:
    """The quality page from its section on quarantine on."""
    return (paths.root / write_quality_page(paths)).read_text().partition('id="quarantine"')[2]


def test_an_export_has_the_rows_with_reasons_in_words_and_is_private(paths: DataPaths) -> None:
    ingest(paths, subscriber(1), subscriber(2, country="Germany", first_name=FORMULA), subscriber(3, timezone="Mars"))
    rows = exported(paths)
    assert [row["subscriber_id"] for row in rows] == ["S2", "S3"]
    assert rows[0]["first_name"] == f"'{FORMULA}"
    assert rows[0]["where"] == "row 1"
    assert rows[0]["reasons"] == "country_unknown"
    assert rows[0]["what is wrong"] == "The country is not a code of two letters that exists (ISO 3166-1)."
    assert rows[0]["what to do"].startswith("Use codes such as DE")
    assert rows[0]["email"] == "person2@example.com"
    assert stat.S_IMODE((paths.quarantine / "subscribers.csv").stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.quarantine.stat().st_mode) == 0o700


def test_a_row_leaves_quarantine_when_the_source_is_corrected(paths: DataPaths) -> None:
    bad, good = subscriber(2, country="Germany"), subscriber(2, country="DE")
    ingest(paths, subscriber(1), bad)
    shown = quarantine_shown(paths)
    assert "country_unknown" in shown
    assert "person2" not in shown
    assert query(paths, "select subscriber_id from core.subscribers") == [("S1",)]
    export_quarantine(paths)
    ingest(paths, subscriber(1), good)
    assert query(paths, "select subscriber_id from core.subscribers order by 1") == [("S1",), ("S2",)]
    assert export_quarantine(paths) == {}
    assert list(paths.quarantine.iterdir()) == [], "the file of the export before is gone"
    assert "country_unknown" not in quarantine_shown(paths)
    assert query(paths, "select count(*) from quality.quarantine") == [(1,)], "the history stays"


def test_each_relation_has_its_file(paths: DataPaths) -> None:
    ingest(paths, subscriber(1), subscriber(2, email="nobody"))
    validate_batch(paths, land_rows(paths, "purchases", [purchase(1, amount="much"), purchase(2)]))
    assert {Path(path).name: rows for path, rows in export_quarantine(paths).items()} == {
        "subscribers.csv": 1,
        "purchases.csv": 1,
    }
    assert exported(paths, "purchases")[0]["amount"] == "much"


def test_the_command_prints_files_and_no_row(paths: DataPaths) -> None:
    ingest(paths, subscriber(1), subscriber(2, email="nobody.at.home"))
    command = [sys.executable, "-m", "include.validate.quarantine_export"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "subscribers.csv  1 rows" in done.stdout
    assert "nobody.at.home" not in done.stdout + done.stderr


@pytest.mark.parametrize("text", [FORMULA, "+1 2", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", "\uff0b1"])
def test_formulas_are_text(text: str) -> None:
    assert formula_safe(text) == f"'{text}"


@given(st.text(max_size=20))
def test_no_exported_cell_starts_a_formula(text: str) -> None:
    safe = formula_safe(text)
    assert safe in {text, f"'{text}"}
    assert safe[:1] not in {"=", "@", "\t", "\r", "\n"}
    assert safe[:1] not in {"+", "-"} or safe[1:].replace(".", "").replace(",", "").isdigit()


def test_numbers_stay_numbers() -> None:
    assert [formula_safe(value) for value in ("-3", "-11.77", 4, None, "a=b")] == ["-3", "-11.77", "4", "", "a=b"]
