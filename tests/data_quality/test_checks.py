"""Evaluating suites with Great Expectations."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.validator import Validator

from data_quality import activities, batches, purchases, subscribers
from data_quality.checks import Finding, check, context, rule
from include.core import places
from include.core.errors import ConfigurationError
from include.core.paths import PROJECT

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def frame(values: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"number": pd.array(values, dtype="Int64")}, index=range(100, 100 + len(values)))


def test_a_finding_has_row_numbers_and_no_values() -> None:
    suite = [gxe.ExpectColumnValuesToBeBetween(column="number", max_value=5, **rule("too_large", "amount"))]
    assert check(frame([1, 7, None, 9]), suite) == [Finding("too_large", "amount", "critical", 4, (101, 103))]


def test_a_rule_that_cannot_be_evaluated_is_an_error() -> None:
    suite = [gxe.ExpectColumnValuesToBeBetween(column="nowhere", max_value=5, **rule("too_large", "amount"))]
    with pytest.raises(ConfigurationError, match="rule too_large: could not be evaluated"):
        check(frame([1]), suite)


def test_a_rule_that_tolerates_failing_rows_is_an_error() -> None:
    suite = [gxe.ExpectColumnValuesToBeBetween(column="number", max_value=5, mostly=0.5, **rule("too_large", "amount"))]
    with pytest.raises(ConfigurationError, match="rule too_large: reports success with failing rows"):
        check(frame([1, 7, 3]), suite)


def test_rows_are_listed_for_broken_rules_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists of rows are half of the cost of a rule, and most rules of a batch hold."""
    asked: dict[str, list[str]] = defaultdict(list)
    original = Validator.graph_validate

    def validate(validator: Validator, configurations: Any, runtime_configuration: Any) -> Any:
        asked[runtime_configuration["result_format"]["result_format"]] += [one.meta["reason"] for one in configurations]
        return original(validator, configurations, runtime_configuration)

    monkeypatch.setattr(Validator, "graph_validate", validate)
    suite = [
        gxe.ExpectColumnValuesToBeBetween(column="number", max_value=most, **rule(f"over_{most}", "amount"))
        for most in (5, 8, 9)
    ]
    assert [found.rows for found in check(frame([1, 7, None, 9]), suite)] == [(101, 103), (103,), ()]
    assert asked == {"BOOLEAN_ONLY": ["over_5", "over_8", "over_9"], "COMPLETE": ["over_5", "over_8"]}


def test_a_configuration_is_built_once_per_check_and_the_library_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    original: property = vars(Expectation)["configuration"]
    built: list[int] = []

    def configuration(expectation: Expectation) -> Any:
        built.append(id(expectation))
        return original.__get__(expectation)

    counting = property(configuration)
    monkeypatch.setattr(Expectation, "configuration", counting)
    bounds = gxe.ExpectColumnValuesToBeBetween(column="number", max_value=5, **rule("too_large", "amount"))
    to_expectation = ExpectationConfiguration.to_domain_obj
    check(frame([1, 7]), [bounds])
    assert ExpectationConfiguration.to_domain_obj is to_expectation
    assert len(built) == len(set(built)), "an expectation's configuration was built twice"
    assert vars(Expectation)["configuration"] is counting


def test_reasons_are_unique() -> None:
    for suite in (subscribers.suite(NOW), purchases.suite(NOW), activities.suite(NOW), batches.suite(full=True)):
        reasons = [(expectation.meta or {})["reason"] for expectation in suite]
        assert len(set(reasons)) == len(reasons) > 4


def test_the_context_is_ephemeral() -> None:
    assert type(context()).__name__ == "EphemeralDataContext"
    assert context().variables.progress_bars.globally is False


def test_country_codes_are_iso_and_time_zones_iana() -> None:
    assert {"Europe/Berlin", "US/Eastern", "UTC"} <= places.time_zones()
    assert "localtime" not in places.time_zones()
    assert {"DE", "GB", "US"} <= places.country_codes()
    assert not {"UK", "EU", "XX"} & places.country_codes()


def test_importing_the_stage_does_not_import_great_expectations() -> None:
    code = (
        "import sys, include.validate.batch, include.validate.merge, include.validate.quality_page, include.extract.land;"
        "print('great_expectations' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
