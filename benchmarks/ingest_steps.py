"""One step of `benchmarks.ingest_ratios` in a process of its own; prints its figures as JSON.

    python -m benchmarks.ingest_steps STEP SOURCE_URL RUN

- *copy*: both relations by a bare ADBC COPY to Parquet. *extract*: both landed by the product.
- *check*, *merge*: both relations validated, then merged. `suite_of_…` is the CPU time of Great Expectations'
  thread, which works while DuckDB reads ahead.
- *store*: DuckDB reads the landed rows and writes them to a database file.
- *one_frame*: the suite of subscribers by Great Expectations' own API over one pandas frame of the same metrics.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow.parquet as pq

from data_quality import checks, subscribers
from include.core import clock, template_names
from include.core.manifest import Manifest
from include.core.paths import DataPaths, data_paths
from include.core.secrets import load_secrets
from include.extract.land import land
from include.validate import row_rules
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.validate.sql_functions import register_address_functions
from include.warehouse.connection import fetch, open_warehouse

RELATIONS = ("subscribers", "purchases")
Figures = dict[str, float]


def copy(paths: DataPaths, url: str, _run: str) -> Figures:
    """COPY as it comes, one file per relation."""
    import adbc_driver_postgresql.dbapi as postgres

    with postgres.connect(url) as connection, connection.cursor() as cursor:
        for relation in RELATIONS:
            cursor.execute(f"select * from {relation}")
            reader = cursor.fetch_record_batch()
            with pq.ParquetWriter(paths.root / f"bare-{relation}.parquet", reader.schema, compression="zstd") as writer:
                for batch in reader:
                    writer.write_batch(batch)
    return {}


def extract(paths: DataPaths, url: str, run: str) -> Figures:
    """Land both relations; the increment are the changes of the last hour."""
    since = None if run == "full" else clock.now() - timedelta(hours=1)
    for relation in RELATIONS:
        land(paths, url, relation, run=run, since=since)
    return {}


def check(paths: DataPaths, _url: str, run: str) -> Figures:
    """Validate both relations."""
    suites = {}
    for relation in RELATIONS:
        with _timed_suite() as took:
            validate_batch(paths, _manifest(paths, relation, run))
        suites[f"suite_of_{relation}"] = sum(took)
    return suites


def merge(paths: DataPaths, _url: str, run: str) -> Figures:
    """Merge both relations."""
    for relation in RELATIONS:
        merge_batch(paths, _manifest(paths, relation, run))
    return {}


def store(paths: DataPaths, _url: str, run: str) -> Figures:
    """Read and write, nothing else; the checkpoint moves the rows from the log to the file."""
    with duckdb.connect(paths.root / "bare.duckdb") as connection:
        for relation in RELATIONS:
            files = str(_manifest_path(paths, relation, run).parent / "*.parquet")
            connection.execute(f"create table {relation} as select * from read_parquet('{files}')")
        connection.execute("checkpoint")
    return {}


def one_frame(paths: DataPaths, _url: str, run: str) -> Figures:
    """As the documentation of Great Expectations does it: a data frame asset, a batch, a suite."""
    import great_expectations as gx

    now, context = clock.now(), checks.context()
    with open_warehouse(paths) as warehouse:
        register_address_functions(warehouse, load_secrets(paths).address_key)
        files = [str(path) for path in sorted(_manifest_path(paths, "subscribers", run).parent.glob("*.parquet"))]
        params = {"files": files, "now": now, "template": template_names.LOOKS_LIKE_TEMPLATE}
        table = fetch(warehouse, "validate", "subscribers_row_metrics", params)
    frame = subscribers.coded(table).to_pandas()
    asset = context.data_sources.add_pandas("bench").add_dataframe_asset("subscribers")
    rules = gx.ExpectationSuite("subscribers", expectations=list(subscribers.suite(now)))
    start = time.thread_time()
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    assert batch.validate(rules, result_format="COMPLETE").success
    return {"suite_of_subscribers": time.thread_time() - start}


STEPS: dict[str, Callable[[DataPaths, str, str], Figures]] = {
    each.__name__: each for each in (copy, extract, check, merge, store, one_frame)
}


@contextmanager
def _timed_suite() -> Iterator[list[float]]:
    """CPU seconds of each call of Great Expectations within the context; it runs beside DuckDB's reading ahead."""
    took: list[float] = []

    def timed(frame: Any, suite: checks.Suite) -> list[checks.Finding]:
        start = time.thread_time()
        found = checks.check(frame, suite)
        took.append(time.thread_time() - start)
        return found

    with patch.object(row_rules, "check", timed):
        yield took


def _manifest(paths: DataPaths, relation: str, run: str) -> Manifest:
    found: Manifest = json.loads(_manifest_path(paths, relation, run).read_text())
    return found


def _manifest_path(paths: DataPaths, relation: str, run: str) -> Path:
    return paths.landed / relation / run / "manifest.json"


def import_everything() -> None:
    """Import what the steps import when they run: seconds that do not depend on the number of rows."""
    import adbc_driver_postgresql.dbapi  # noqa: F401
    import great_expectations.expectations  # noqa: F401

    checks.context()


def main() -> None:
    """Run the step and print its figures."""
    name, url, run = sys.argv[1:]
    logging.basicConfig(level=logging.ERROR)
    logging.disable(logging.INFO)
    import_everything()
    print(json.dumps(measure(name, data_paths(), url, run)))


def measure(name: str, paths: DataPaths, url: str, run: str) -> Figures:
    """Run one step: its seconds of wall and CPU, its own figures, the peak memory of this process in MB."""
    start, busy = time.perf_counter(), time.process_time()
    figures = STEPS[name](paths, url, run)
    times = {"wall": time.perf_counter() - start, "cpu": time.process_time() - busy}
    return times | figures | {"rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    main()
