"""Each chunk of the plan is sent by exactly one process; the verdict follows the figures."""

from __future__ import annotations

import pytest

from benchmarks.scaling import as_text, split


@pytest.mark.parametrize("into", [1, 2, 3, 4, 7])
def test_parts_cover_a_range_once(into: int) -> None:
    parts = split((10, 30), into)
    assert len(parts) == into
    assert [chunk for first, last in parts for chunk in range(first, last + 1)] == list(range(10, 31))
    sizes = [last - first + 1 for first, last in parts]
    assert max(sizes) - min(sizes) <= 1


def test_the_target_is_of_four_workers() -> None:
    figures = {"1": 100.0, "2": 190.0, "4": 350.0, "paced": 20_000.0}
    assert "3.50 x   (target: at least 3.5 x: met)" in as_text(figures)
    assert "missed" in as_text(figures | {"4": 349.0})
