"""Keeps what a command does not need from being imported, so that it starts in a second or two."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> None:
        """Python calls this for every import. statsmodels, by which an experiment is planned, cannot do without."""
        if fullname == "pandas" and "statsmodels" not in sys.modules:
            raise ImportError("this command does without pandas")


def without_pandas() -> None:
    """pyarrow and DuckDB import pandas where it is installed, which takes longer than the rest; for the whole process."""
    sys.meta_path.insert(0, _WithoutPandas())
