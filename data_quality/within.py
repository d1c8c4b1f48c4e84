"""A custom expectation: numbers between two bounds, evaluated on whole columns.

On pandas, Great Expectations' `ExpectColumnValuesToBeBetween` calls Python for each value; nine such rules were half the
cost of a suite. This module imports Great Expectations, so import it inside functions only.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnMapMetricProvider, column_condition_partial


class ColumnValuesWithin(ColumnMapMetricProvider):
    """The condition: `min_value` <= value <= `max_value`, either of which may be None."""

    condition_metric_name = "column_values.within"
    condition_value_keys = ("min_value", "max_value")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, min_value: Any = None, max_value: Any = None, **_: Any) -> pd.Series:
        low = True if min_value is None else column >= min_value
        high = True if max_value is None else column <= max_value
        return pd.Series(low & high, index=column.index)


class ExpectColumnValuesToBeWithin(ColumnMapExpectation):
    """Expect every non-null value to lie between `min_value` and `max_value`, both inclusive."""

    min_value: float | None = None
    max_value: float | None = None

    map_metric: ClassVar[str] = "column_values.within"
    success_keys: ClassVar[tuple[str, ...]] = ("min_value", "max_value", "mostly")
    library_metadata: ClassVar[dict[str, Any]] = {"maturity": "production", "tags": ["tradewind"], "contributors": []}
