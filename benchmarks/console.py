"""Pages of the console over a published file of so many sends: milliseconds and CPU of each (target: under 300 ms).

    python -m benchmarks.console [--sends 10000000]

The file is invented: tables of people's rows (sends, segment_history, lifecycle) have their full size, the aggregated marts
have what a year with a campaign on every day gives. Each page is rendered as a request does it: the file is opened, read and
closed. The first request of a process, which imports, is shown apart.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from include.core.paths import DataPaths
from include.publish.console.render import console_page
from include.publish.console.view import views
from include.publish.snapshot import FILE, MANIFEST

TARGET_MILLISECONDS = 300
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ROUNDS = 5
SCHEMA = Path(__file__).with_name("console_marts.sql")
QUERIES = {
    "campaign": {"run": "daily_300/2026-11-28"},
    "person": {"subscriber": "s00000042"},
    "segments": {"days": "365"},
    "overview": {"days": "365"},
    "campaigns": {"days": "365"},
    "deliverability": {"days": "365"},
}


def main() -> None:
    """Build the file, print a line for each page."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sends", type=int, default=10_000_000)
    sends = arguments.parse_args().sends
    with tempfile.TemporaryDirectory() as folder:
        paths = DataPaths(Path(folder))
        size = publish_invented(paths, sends)
        began = time.perf_counter()
        console_page(paths, "overview", {}, NOW)
        first = (time.perf_counter() - began) * 1_000
        print(f"{sends:,} sends, a published file of {size / 1e6:,.0f} MB; the first page of a process took {first:,.0f} ms")
        print(f"{'page':<16}{'median ms':>10}{'CPU ms':>9}{'KB':>7}   target {TARGET_MILLISECONDS} ms")
        for view in views():
            print(measured(paths, view))


def measured(paths: DataPaths, view: str) -> str:
    """A page some times over: median of the wall time, CPU of the process, size of the page."""
    walls, cpus, page = list[float](), list[float](), ""
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        page = console_page(paths, view, QUERIES.get(view, {}), NOW)
        walls.append((time.perf_counter() - wall) * 1_000)
        cpus.append((time.process_time() - cpu) * 1_000)
    median = statistics.median(walls)
    verdict = "met" if median < TARGET_MILLISECONDS else "MISSED"
    return f"{view:<16}{median:>10,.0f}{statistics.median(cpus):>9,.0f}{len(page) / 1_000:>7,.0f}   {verdict}"


def publish_invented(paths: DataPaths, sends: int) -> int:
    """Write a build as `publish` leaves it, without its checks; return the bytes of the file."""
    build = paths.published / "builds" / "invented"
    build.mkdir(parents=True)
    with duckdb.connect(str(build / FILE)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set memory_limit = '2GB'")
        for statement in duckdb.extract_statements(SCHEMA.read_text()):
            values = {"sends": sends} if "sends" in statement.named_parameters else {}
            connection.execute(statement, values)
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
    tables = {name: {"rows": 0, "columns": {}, "content_hash": ""} for name in names}
    (build / MANIFEST).write_text(json.dumps({"build": "invented", "built_at": NOW.isoformat(), "tables": tables}))
    (paths.published / "current").symlink_to("builds/invented")
    return (build / FILE).stat().st_size


if __name__ == "__main__":
    main()
