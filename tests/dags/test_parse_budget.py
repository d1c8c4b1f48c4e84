"""Airflow parses every DAG file repeatedly: parsing must be cheap and must not import heavy libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from include.core.paths import PROJECT

HEAVY = {
    "duckdb", "pandas", "numpy", "pyarrow", "great_expectations", "aiohttp", "sendgrid", "scipy", "statsmodels", "altair",
    "airflow.models.dag", "include.warehouse", "include.ledger", "data_quality",
}  # fmt: skip
SHARE = 1 / 3
"""The limit of the CPU time for parsing, relative to that for importing Airflow in the same process: a ratio, since machines
differ. An eighth when last measured, 0.2 s compared with 1.5 s."""
PROBE = """
import json, runpy, sys, time
begun = time.process_time()
import airflow.sdk, airflow.sdk.exceptions
imported = time.process_time()
before = set(sys.modules)
for path in sys.argv[1:]:
    runpy.run_path(path)
seconds = time.process_time() - imported
print(json.dumps({"share": seconds / (imported - begun), "modules": sorted(set(sys.modules) - before)}))
"""


def test_parsing_is_cheap_and_imports_nothing_heavy(tmp_path: Path) -> None:
    files = sorted(str(path) for path in (PROJECT / "dags").glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *files], env={**os.environ, "PYTHONPATH": str(PROJECT), "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=800,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    loaded = {name for name in answer["modules"] if any(name == heavy or name.startswith(f"{heavy}.") for heavy in HEAVY)}
    assert loaded == set()
    assert answer["share"] < SHARE, f"parsing {len(files)} files costs {answer['share']:.2f} of importing Airflow"
