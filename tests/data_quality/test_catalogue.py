"""The catalogue has every rule of every suite, and says what happens in words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from great_expectations.expectations.metadata_types import FailureSeverity

from data_quality import activities, batches, catalogue, drift, purchases, subscribers
from data_quality.checks import rule
from include.core.errors import ConfigurationError
from include.validate.batch import DUPLICATES

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROW_SUITES = (subscribers.suite(NOW), purchases.suite(NOW), activities.suite(NOW))
ELSEWHERE = {"unreadable_line"} | {reason for reasons in DUPLICATES.values() for reason in reasons}
"""Row rules that are evaluated in SQL, since they are about files and several rows."""


def test_the_catalogue_lists_exactly_the_rules_of_the_suites() -> None:
    rows = {(rule.meta or {})["reason"] for suite in ROW_SUITES for rule in suite}
    assert rows | ELSEWHERE == set(catalogue.groups()["rows"])
    assert {(rule.meta or {})["reason"] for rule in batches.suite(full=True)} == set(catalogue.groups()["batch"])
    assert {(rule.meta or {})["reason"] for rule in drift.suite()} == set(catalogue.groups()["drift"])


def test_the_severity_of_a_suite_is_that_of_the_catalogue() -> None:
    severities = {(one.meta or {})["reason"]: FailureSeverity(one.severity).value for one in batches.suite(full=True)}
    assert severities["volume"] == "critical"
    assert severities["deletions"] == "warning"
    assert severities["freshness"] == "info"
    assert rule("freshness", "rows")["severity"] == "info"


@pytest.mark.parametrize("name", catalogue.rules())
def test_every_rule_says_what_is_wrong_and_what_to_do(name: str) -> None:
    found = catalogue.rules()[name]
    for sentence in (found.meaning, found.remedy, catalogue.effect(name, found.severity)):
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
        assert name not in sentence


def test_what_happens_depends_on_relation_and_severity() -> None:
    assert "no mail" in catalogue.effect("undecodable", "critical")
    assert "no mail" not in catalogue.effect("undecodable", "critical", "purchases")
    assert "merged" in catalogue.effect("name_looks_like_template", "warning")
    assert "quarantine" in catalogue.effect("name_looks_like_template", "critical"), "where the setting says so"


def test_a_malformed_catalogue_is_an_error_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rows:\n  one: {severity: fatal, meaning: A., remedy: B.}\nbatch: {}\ndrift: {}\n")
    monkeypatch.setattr(catalogue, "FILE", file)
    with pytest.raises(ConfigurationError, match=r"rules.yaml, line 2.*severity"):
        catalogue.groups.__wrapped__()
