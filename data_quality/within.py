"""An expectation of our own: numbers between two bounds, a column at a time.

Great Expectations' `ExpectColumnValuesToBeBetween` calls Python for each value on pandas; nine such rules were half the cost
of a suite. Import it inside functions only: it imports Great Expectations.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnMapMetricProvider, column_condition_partial


class ColumnValuesWithin(ColumnMapMetricProvider):
    """The condition: `least` <= value <= `most`, either of which may be None."""

    condition_metric_name = "column_values.within"
    condition_value_keys = ("least", "most")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, least: Any = None, most: Any = None, **_: Any) -> pd.Series:
        low = True if least is None else column >= least
        high = True if most is None else column <= most
        return pd.Series(low & high, index=column.index)


class ExpectColumnValuesToBeWithin(ColumnMapExpectation):
    """Expect every value that is there to lie between `least` and `most`, both included."""

    least: float | None = None
    most: float | None = None

    map_metric: ClassVar[str] = "column_values.within"
    success_keys: ClassVar[tuple[str, ...]] = ("least", "most", "mostly")
    library_metadata: ClassVar[dict[str, Any]] = {"maturity": "production", "tags": ["tradewind"], "contributors": []}
