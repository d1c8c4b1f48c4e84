"""Airflow parses every DAG file again and again: it must cost little and pull in nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from include.core.paths import PROJECT

HEAVY = {
    "duckdb", "pandas", "numpy", "pyarrow", "great_expectations", "aiohttp", "sendgrid", "scipy", "statsmodels", "altair",
    "include.warehouse", "include.ledger", "data_quality",
}  # fmt: skip
SHARE = 1 / 2
"""The limit of the CPU time for parsing, relative to that for importing Airflow in the same process: a ratio, since machines
differ. Measured without garbage collection, which runs at arbitrary moments; 0.42 on a busy machine, as before the settings
class was added."""
PROBE = """
import gc, json, runpy, sys, time
gc.disable()
begun = time.process_time()
import airflow.sdk, airflow.sdk.exceptions
imported = time.process_time()
before = set(sys.modules)
for path in sys.argv[1:]:
    runpy.run_path(path)
seconds = time.process_time() - imported
print(json.dumps({"share": seconds / (imported - begun), "modules": sorted(set(sys.modules) - before)}))
"""


def test_parsing_imports_nothing_heavy_and_is_quick(tmp_path: Path) -> None:
    files = sorted(str(path) for path in (PROJECT / "dags").glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *files], env={**os.environ, "PYTHONPATH": str(PROJECT), "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    loaded = {name for name in answer["modules"] if any(name == heavy or name.startswith(f"{heavy}.") for heavy in HEAVY)}
    assert loaded == set()
    assert answer["share"] < SHARE, f"parsing {len(files)} files costs {answer['share']:.2f} of importing Airflow"
