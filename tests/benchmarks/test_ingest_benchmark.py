"""The benchmark of ingestion runs, small, and the rows that it invents pass."""

from __future__ import annotations

from benchmarks.ingest import measured
from include.core.paths import DataPaths
from tests.validate.conftest import ask


def test_every_step_is_measured_and_all_that_it_invents_gets_in(paths: DataPaths) -> None:
    steps = dict(measured(paths, 2_000))
    assert list(steps) == [
        *(f"{step} {rows} {relation}" for step in ("check", "merge") for rows, relation in (("2,000", "subscribers"), ("6,000", "purchases"))),
        *(f"{step} {rows} {relation}" for step in ("check", "merge") for rows, relation in (("1,000", "subscribers"), ("3,000", "purchases"))),
    ]  # fmt: skip
    assert all(took["wall"] > 0 and took["rss"] > 50 for took in steps.values())
    assert ask(paths, "select (select count(*) from core.subscribers), (select count(*) from core.purchases)") == [(2_500, 7_500)]
