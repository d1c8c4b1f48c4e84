"""Each example notebook runs as a script, without a browser, on the file of a small shop, and its cells find rows."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from include.core.paths import PROJECT, DataPaths

NOTEBOOKS = sorted((PROJECT / "docs" / "notebooks").glob("*.py"))


def run(notebook: Path) -> dict[str, Any]:
    """The names that the cells define."""
    spec = importlib.util.spec_from_file_location(f"notebook_{notebook.stem}", notebook)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, names = module.app.run()
    return dict(names)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_finds_rows(small_shop: DataPaths, monkeypatch: pytest.MonkeyPatch, notebook: Path) -> None:
    import pandas as pd

    monkeypatch.setenv("TRADEWIND_DATA", str(small_shop.root))

    names = run(notebook)

    frames = {name: value for name, value in names.items() if isinstance(value, pd.DataFrame)}
    assert len(frames) >= 3
    assert [name for name, frame in frames.items() if frame.empty] == []
    names["marts"].close()


def test_there_are_three_and_the_models_divide_the_same_purchases(
    small_shop: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(NOTEBOOKS) == 3
    monkeypatch.setenv("TRADEWIND_DATA", str(small_shop.root))
    names = run(NOTEBOOKS[2])
    assert names["totals"].max() - names["totals"].min() < 1
    assert names["totals"].min() > 0
    names["marts"].close()
