"""The ingestion benchmark runs with few rows, and all generated rows are valid."""

from __future__ import annotations

from benchmarks.ingest import measured
from include.core.paths import DataPaths
from tests.validate.conftest import query


def test_every_step_is_measured_and_all_generated_rows_are_merged(paths: DataPaths) -> None:
    steps = dict(measured(paths, 2_000))
    whole, next_day = ("2,000 subscribers", "6,000 purchases"), ("1,000 subscribers", "3,000 purchases")
    assert list(steps) == [f"{step} {rows}" for pass_ in (whole, next_day) for step in ("check", "merge") for rows in pass_]
    assert all(took["wall"] > 0 and took["rss"] > 50 for took in steps.values())
    merged = query(paths, "select (select count(*) from core.subscribers), (select count(*) from core.purchases)")
    assert merged == [(2_500, 7_500)]
