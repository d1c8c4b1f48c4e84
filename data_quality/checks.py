"""Evaluates a suite over a frame with Great Expectations. The result has counts and row numbers, never values.

The only module that calls the Great Expectations engine. Importing it takes five seconds, so functions import it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from data_quality import catalogue
from include.core.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

Suite: TypeAlias = "Sequence[Expectation]"
QUARANTINE, WARN, STOP, INFO = "critical", "warning", "critical", "info"
"""Severities of Great Expectations, by their effect. A broken row rule of severity critical quarantines the row, a broken
table rule of severity critical stops the batch; a warning is recorded, shown and, for a whole batch, alerted. The third
severity, info, is recorded and shown."""
SMALL_ROWS = 50_000
_IS_BROKEN = {"result_format": "BOOLEAN_ONLY"}
# COMPLETE lists the index of every failing row, which is the row number; no other part of the result is read.
_ROWS = {
    "result_format": "COMPLETE",
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
    "include_unexpected_rows": False,
}


@dataclass(frozen=True)
class Finding:
    """The result of one rule. `rows` are the numbers of the rows that break it."""

    reason: str
    column: str
    severity: str
    checked: int
    rows: tuple[int, ...]

    @property
    def success(self) -> bool:
        """Whether no row broke the rule."""
        return not self.rows


def rule(reason: str, column: str, **settings: Any) -> dict[str, Any]:
    """Arguments of every rule: `reason` is its name in quarantine and reports, `column` the source column it concerns.

    The severity is that of the catalogue, critical where it does not have the rule.
    """
    known = catalogue.rules().get(reason)
    return {"meta": {"reason": reason, "column": column}, "severity": known.severity if known else QUARANTINE} | settings


def check(frame: pd.DataFrame, suite: Suite) -> list[Finding]:
    """Evaluate the suite over a frame whose index is the row number. One finding per rule, in the suite's order."""
    found: dict[str, Finding] = {}
    with _built_once():
        for part, rules in _parts(frame, suite):
            found |= _check_part(part, rules)
    return [found[_reason(expectation)] for expectation in suite]


def _parts(frame: pd.DataFrame, suite: Suite) -> Iterator[tuple[pd.DataFrame, list[Expectation]]]:
    """The frame column by column, with the rules of each: Great Expectations copies it for each rule, to drop null rows.

    A small frame is one part: its copies cost less than a call for each column, a fifth of the time in an hourly pass.
    """
    if len(frame) <= SMALL_ROWS:
        yield frame, list(suite)
        return
    for column, rules in groupby(sorted(suite, key=_column), key=_column):
        yield frame[[column]] if column in frame else frame, list(rules)


def _check_part(frame: pd.DataFrame, rules: list[Expectation]) -> dict[str, Finding]:
    """Ask which rules are broken, then for the rows of those: the lists of rows are half of the cost of a rule."""
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.validator.validator import Validator

    engine = PandasExecutionEngine()
    # Loaded directly: a data source would hash the batch row by row first, at four times the cost of the rules.
    engine.load_batch_data("batch", frame)
    validator = Validator(execution_engine=engine, data_context=context())
    results = _results(validator, rules, _IS_BROKEN)
    broken = [rule for rule in rules if not results[_reason(rule)].success or _tolerates_rows(rule)]
    results |= _results(validator, broken, _ROWS)
    return {_reason(rule): _finding(rule, results[_reason(rule)], len(frame)) for rule in rules}


def _results(validator: Any, rules: list[Expectation], result_format: dict[str, Any]) -> dict[str, Any]:
    """Great Expectations' result of each rule, by its reason."""
    results = validator.graph_validate(
        configurations=[expectation.configuration for expectation in rules],
        runtime_configuration={"result_format": result_format},
    )
    return {(one.expectation_config.meta or {})["reason"]: one for one in results if one.expectation_config}


@contextmanager
def _built_once() -> Iterator[None]:
    """Keep the configuration of each expectation, and the expectation of each configuration, for the length of a check.

    Great Expectations builds them anew at every access, dozens of times per rule: half of the time of a small check. The ids
    of its metrics, thousands of them, were a third of the rest.
    """
    from great_expectations.core.id_dict import IDDict
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configuration: property = vars(Expectation)["configuration"]
    expectation, identify = ExpectationConfiguration.to_domain_obj, IDDict.to_id
    built = property(_once(configuration.__get__))
    Expectation.configuration = built  # type: ignore[method-assign,assignment]  # it is a property there too
    ExpectationConfiguration.to_domain_obj = _once(expectation)  # type: ignore[method-assign,assignment]
    IDDict.to_id = _plain_id(identify)  # type: ignore[method-assign]
    try:
        yield
    finally:
        Expectation.configuration = configuration  # type: ignore[method-assign,assignment]
        ExpectationConfiguration.to_domain_obj = expectation  # type: ignore[method-assign]
        IDDict.to_id = identify  # type: ignore[method-assign]


def _once(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`build`, whose result for an object is kept."""
    built: dict[int, tuple[Any, Any]] = {}  # With the object, so that no other gets its id meanwhile.

    def build_once(source: Any) -> Any:
        if id(source) not in built:
            built[id(source)] = source, build(source)
        return built[id(source)][1]

    return build_once


def _plain_id(identify: Callable[..., Any]) -> Callable[..., Any]:
    """`identify`, the id of a metric's arguments, which differs where they differ: their JSON, without the hash of it.

    Great Expectations converts each value in Python first, in case it is a frame or an array. None of ours is.
    """

    def plain_id(arguments: dict[str, Any], id_keys: Any = None, id_ignore_keys: Any = None) -> Any:
        if len(arguments) < 2 or id_keys is not None or id_ignore_keys is not None:  # its id is short
            return identify(arguments, id_keys, id_ignore_keys)
        return json.dumps(arguments, sort_keys=True, default=repr)

    return plain_id


def _tolerates_rows(expectation: Expectation) -> bool:
    """Whether the rule succeeds although some rows break it. No rule may, which `_finding` sees in its rows."""
    return bool(expectation.configuration.kwargs.get("mostly", 1) != 1)


def _column(expectation: Expectation) -> str:
    return str(expectation.configuration.kwargs["column"])


def _reason(expectation: Expectation) -> str:
    return _meta(expectation)["reason"]


def _meta(expectation: Expectation) -> dict[str, str]:
    return expectation.meta or {}


@cache
def context() -> Any:
    """An ephemeral context: no files, no analytics, no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    ephemeral = gx.get_context(mode="ephemeral")
    ephemeral.variables.progress_bars = ProgressBarsConfig(globally=False)
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return ephemeral


def _finding(expectation: Expectation, found: Any, rows: int) -> Finding:
    from great_expectations.expectations.metadata_types import FailureSeverity

    meta = _meta(expectation)
    if found.exception_info.get("raised_exception", True):
        raise ConfigurationError(
            "could not be evaluated.", where=f"rule {meta['reason']}", remedy="Fix the rule in data_quality/."
        )
    unexpected = tuple(int(row) for row in found.result.get("unexpected_index_list") or ())
    if bool(unexpected) == bool(found.success):
        raise ConfigurationError(
            "reports success with failing rows, or a failure without.",
            where=f"rule {meta['reason']}",
            remedy="Check the result format in data_quality/checks.py.",
        )
    return Finding(meta["reason"], meta["column"], FailureSeverity(expectation.severity).value, rows, unexpected)
