"""The known kinds of bad input land with the same text from every kind of source, so that the same rules apply to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from include.core.paths import DataPaths
from include.extract.contract import SUBSCRIBERS
from include.extract.land import land
from tests.extract.test_sources import landed
from tests.rows import subscriber
from tests.validate.test_bad_input import PASSES, REFUSED

CHANGES = [change for change, _ in REFUSED.values()] + [*PASSES.values()]
TYPED = ("parquet", "postgres")
"""Their text is UTF-8 by definition."""


def text(value: Any) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or None


def test_hostile_rows_land_equally(paths: DataPaths, source: Callable[..., str], request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["source"]
    changes = [one for one in CHANGES if kind not in TYPED or not any(isinstance(value, bytes) for value in one.values())]
    rows = [subscriber(number) | change for number, change in enumerate(changes)]
    expected = [{column: text(row[column]) for column in SUBSCRIBERS.columns} for row in rows]
    found = landed(paths, land(paths, source(subscribers=rows), "subscribers", run="r", since=None))
    assert [{column: row[column] for column in SUBSCRIBERS.columns} for row in found] == expected
    assert {row["unreadable"] for row in found} == {None}
