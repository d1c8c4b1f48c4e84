"""A name that looks like a template is counted and shown; a setting decides whether its row is quarantined."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from include.core import template_names
from include.core.paths import DataPaths
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.validate.quality_page import write_quality_page
from tests.rows import subscriber
from tests.validate.conftest import land_rows, query

ROWS = [
    subscriber(1, first_name="{{ 7 * 7 }}"),
    subscriber(2, last_name="*|LNAME|*", first_name=None),
    subscriber(3, first_name="D'Angelo {Bob}", last_name="O'Brien"),
    subscriber(4, first_name=None, last_name=None),
]
RULE = "select severity, unexpected_rows, checked_rows from quality.results where expectation = 'name_looks_like_template'"


@pytest.mark.parametrize(
    ("policy", "severity", "refused"), [("", "warning", 0), ("keep", "warning", 0), ("quarantine", "critical", 2)]
)
def test_a_template_name_is_counted_and_quarantined_only_by_policy(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, policy: str, severity: str, refused: int
) -> None:
    monkeypatch.setenv(template_names.SETTING, policy)
    manifest = land_rows(paths, "subscribers", ROWS)
    assert validate_batch(paths, manifest)["quarantined"] == refused
    assert merge_batch(paths, manifest)["inserted"] == 4 - refused
    assert query(paths, RULE) == [(severity, 2, 4)]
    reasons = query(paths, "select source_key, reasons from quality.quarantine order by 1")
    assert reasons == [("S1", ["name_looks_like_template"]), ("S2", ["name_looks_like_template"])][:refused]


def test_the_quality_page_counts_template_names_as_a_warning(paths: DataPaths) -> None:
    validate_batch(paths, land_rows(paths, "subscribers", ROWS))
    text = (paths.root / write_quality_page(paths)).read_text()
    rows = [[cell.text(strip=True) for cell in row.css("td")] for row in LexborHTMLParser(text).css("tr")]
    (row,) = [row for row in rows if "name_looks_like_template" in row]
    assert {"warning", "2", "4"} <= set(row)
    assert "7 * 7" not in text
    assert "LNAME" not in text
