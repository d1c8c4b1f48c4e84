"""Commands that start without pandas, and what they need all the same."""

from __future__ import annotations

import subprocess
import sys

from include.core.paths import PROJECT

BEGIN = "import sys; from operations.imports import without_pandas; without_pandas(); "


def printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", BEGIN + program], cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_query_does_not_import_pandas() -> None:
    program = "import duckdb; print(duckdb.sql('select 1 as one').to_arrow_table().to_pylist(), 'pandas' in sys.modules)"
    assert printed(program) == "[{'one': 1}] False"


def test_the_preview_of_an_experiment_can_say_what_it_would_find() -> None:
    """statsmodels needs pandas; the preview of each campaign with variants ended with an ImportError."""
    program = (
        "import duckdb; duckdb.sql('select 1 as one').to_arrow_table(); "
        "from include.core.sample_size import people_needed, smallest_lift; "
        "print(people_needed(0.03, 0.05), smallest_lift(0.03, 500, 500) > 0)"
    )
    people, found = printed(program).split()
    assert (int(people) > 100_000, found) == (True, "True")
