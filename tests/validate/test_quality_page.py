"""The quality page shows results and no personal data."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from data_quality import catalogue
from include.core.errors import QualityStop
from include.core.paths import DataPaths
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.validate.quality_page import write_quality_page
from tests.rows import subscriber
from tests.validate.conftest import land_rows


def test_a_page_without_validations_says_so(paths: DataPaths) -> None:
    assert "No batch has been validated yet" in (paths.root / write_quality_page(paths)).read_text()


def test_the_page_shows_counts_and_reasons_and_no_values(paths: DataPaths) -> None:
    bad = [subscriber(number, first_name="Grace\x07", email=f"hidden{number}@secret.test") for number in range(60)]
    bad.reverse()
    with pytest.raises(QualityStop):
        validate_batch(paths, land_rows(paths, "subscribers", [*bad, *(subscriber(number) for number in range(100, 200))]))
    text = (paths.root / write_quality_page(paths)).read_text()
    page = LexborHTMLParser(text)
    cells = [node.text(strip=True) for node in page.css("td")]
    assert {
        "60",
        "critical",
        "The batch is stopped: nothing of it is merged, and the data of the previous run stay.",
    } <= set(cells)
    assert "The row goes to quarantine. The person gets no mail until a good row comes." in cells
    assert {"S10", "S59", "row 49"} <= set(cells), "which rows are refused"
    assert cells.count("S7") == 0, "the newest fifty of a reason"
    assert any(cell.startswith("stopped") for cell in cells)
    assert not any(word in text for word in ("Grace", "hidden", "secret.test", "Lovelace"))
    assert not page.css("script, link, img")


def test_every_rule_is_shown_with_its_history(paths: DataPaths) -> None:
    for country in ("Germany", "DE"):
        validate_batch(paths, land_rows(paths, "subscribers", [subscriber(1), subscriber(2, country=country)]))
    page = LexborHTMLParser((paths.root / write_quality_page(paths)).read_text())
    assert set(catalogue.rules()) <= {node.text(strip=True) for node in page.css("td code")}
    rows = {row.css("td")[0].text(strip=True): row for row in page.css("tr") if len(row.css("td")) == 10}
    assert "held in 1 of 2, last broken 20" in rows["country_unknown"].text()
    assert [node.text() for node in rows["country_unknown"].css(".past i")] == ["✕", "▪"]
    assert "held in 2 of 2" in rows["timezone_unknown"].text()
    assert "not enough runs yet" in rows["volume_drift"].text()


def test_a_key_that_may_be_personal_data_is_not_shown(paths: DataPaths) -> None:
    bad = [subscriber(1, subscriber_id="ada7@secret.test"), subscriber(2, subscriber_id="Ada Lovelace 7")]
    validate_batch(paths, land_rows(paths, "subscribers", bad))
    text = (paths.root / write_quality_page(paths)).read_text()
    assert "id_form" in text
    assert text.count("not shown") == 2
    assert not any(word in text for word in ("secret.test", "Lovelace"))


def test_warnings_of_an_accepted_batch_are_shown(paths: DataPaths) -> None:
    people = [subscriber(number) for number in range(100)]
    for rows in (people, people[:80]):
        manifest = land_rows(paths, "subscribers", rows)
        validate_batch(paths, manifest)
        merge_batch(paths, manifest)
    text = (paths.root / write_quality_page(paths)).read_text()
    assert "20 of 100 known rows are missing from this full pass" in text
    assert "not deleted and not mailed until the next full pass lacks them too" in text
