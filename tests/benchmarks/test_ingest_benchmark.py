"""The ingestion benchmark runs with few rows, and all generated rows are valid."""

from __future__ import annotations

import pytest

from benchmarks import ingest, ingest_ratios, ingest_steps
from benchmarks.ingest_ratios import INGEST as STEPS
from include.core.paths import DataPaths
from tests.postgres import fresh_schema
from tests.validate.conftest import query


def test_every_step_is_measured_and_all_generated_rows_are_merged(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: a step's own process costs seconds of imports."""
    monkeypatch.setattr(ingest, "in_a_process", lambda _paths, name, manifest: ingest.step(name, str(manifest)))
    steps = dict(ingest.measured(paths, 2_000))
    whole, next_day = ("2,000 subscribers", "6,000 purchases"), ("20 subscribers", "60 purchases")
    assert list(steps) == [f"{step} {rows}" for pass_ in (whole, next_day) for step in ("check", "merge") for rows in pass_]
    assert all(took["wall"] > 0 and took["rss"] > 50 for took in steps.values())
    merged = query(paths, "select (select count(*) from core.subscribers), (select count(*) from core.purchases)")
    assert merged == [(2_010, 6_030)]


@pytest.mark.postgres
def test_ratios_take_every_row_in_and_then_the_increment(paths: DataPaths, postgres_url: str) -> None:
    """In this process: a step's own process costs seconds of imports."""
    url = fresh_schema(postgres_url)
    ingest_ratios.execute(url, ingest_ratios.TABLES, people=400)
    figures = {name: ingest_steps.measure(name, paths, url, "full") for name in (*STEPS, "store", "one_frame", "copy")}
    assert query(paths, "select (select count(*) from core.subscribers), (select count(*) from core.purchases)") == [
        (400, 1200)
    ]
    ingest_ratios.execute(url, ingest_ratios.CHANGES)
    changed = query(paths, "select count(*) from core.identities where first_name = 'Changed'")
    increment = {f"{name}:increment": ingest_steps.measure(name, paths, url, "increment") for name in STEPS}
    assert changed == [(0,)]
    assert query(paths, "select count(*) > 0 from core.identities where first_name = 'Changed'") == [(True,)]
    tenth = {f"{name}:tenth": figures[name] for name in STEPS}
    lines = ingest_ratios.lines({**figures, **increment, **tenth, "all": {"people": 400}})
    assert [line.what for line in lines if line.what.startswith("ten times")]
    assert lines[-2].figure.startswith("1.0 ×")
