"""How long validation and merge take with the whole list new, and how much memory.

    python -m benchmarks.ingest [--people 1000000]          ten million take 20 minutes and 12 GB of disk

Invents landed Parquet in SQL, three purchases a subscriber, in a data folder of its own that is removed afterwards. Each
step runs in a process of its own without its imports, so that its peak memory is its own: check and merge of both relations,
then an increment of one person in a hundred, half of them changed and half new, with their purchases.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.ingest_steps import import_everything
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.warehouse import memory

PART_ROWS = 100_000
EACH = 3
"""Purchases a subscriber."""
INCREMENT = 100
"""One in so many people is in the increment."""
BEFORE, AFTER = "2025-11-01 00:00:00", "2025-11-02 00:00:00"
QUERIES = {
    "subscribers": """
    select
        i - $row_zero as row_number, md5('s' || i) as subscriber_id,
        concat(['ada', 'linus', 'grace', 'edsger'][1 + i % 4], '.', md5('a' || i)[:10], '@',
            ['gmail', 'yahoo', 'outlook', 'icloud', 'shop'][1 + i % 5], '.example.com') as email,
        'First' || i % 2000 as first_name, 'Last' || i % 5000 as last_name, ['DE', 'GB', 'US', 'FR'][1 + i % 4] as country,
        ['de-DE', 'en-GB', 'en-US', 'fr-FR'][1 + i % 4] as locale, 'Europe/Berlin' as timezone,
        strftime(timestamp '2024-01-01' + to_minutes((hash(i) % 900000)::integer), '%Y-%m-%d %H:%M:%S') as signed_up_at,
        if(i % 20 = 7, 'unsubscribed', 'subscribed') as status, 'consent' as lawful_basis, 'checkout' as consent_source,
        signed_up_at as consented_at, 'v1' as consent_wording, null::varchar as consent_expires_at,
        if(i % 3 = 0, 'false', 'true') as tracking_consent, $changed as updated_at,
        if(i % 2 = 0, '{"genre": "jazz", "points": ' || i % 900 || '}', null) as attributes,
        null::varchar as unreadable
    from range($first, $last) as people (i)""",
    "purchases": """
    select
        i - $row_zero as row_number, md5('p' || i) as purchase_id, md5('s' || i // 3) as subscriber_id,
        strftime(timestamp '2025-01-01' + to_minutes((hash(i) % 900000)::integer), '%Y-%m-%d %H:%M:%S') as purchased_at,
        (5 + hash(i + 1) % 20000 / 100)::decimal(18, 2)::varchar as amount, 'EUR' as currency, '1' as items,
        null::varchar as unreadable
    from range($first, $last) as purchases (i)""",
}
"""Rows as they land, by relation, with a key that says nothing of their order."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--step", nargs=2, metavar=("STEP", "MANIFEST"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        logging.basicConfig(level=logging.ERROR)
        print(json.dumps(step(*chosen.step)))
        return
    print(
        f"{chosen.people:,} people, {EACH * chosen.people:,} purchases, DuckDB memory limit {memory.limit() / 1e6:,.0f} MB"
    )
    with tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder:
        all_took = list[float]()
        for name, took in measured(DataPaths(Path(folder)), chosen.people):
            times = f"{took['wall']:7.1f} s {took['cpu']:7.1f} s of CPU"
            print(f"{name:32} {times}  peak {took['rss']:6,.0f} MB", flush=True)
            all_took.append(took["wall"])
        whole, increment = sum(all_took[: len(all_took) // 2]), sum(all_took[len(all_took) // 2 :])
        print(f"the increment of 1 % took {increment / whole:.1%} of the time of the whole list")


def measured(paths: DataPaths, people: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(what, figures) of each step, in the order of the DAG: both relations are checked before one is merged."""
    first, size = people - people // INCREMENT // 2, people // INCREMENT
    for batches in (_land(paths, "all", 0, people, BEFORE), _land(paths, "next", first, first + size, AFTER)):
        for name in ("check", "merge"):
            for relation, rows, manifest in batches:
                yield f"{name} {rows:,} {relation}", in_a_process(paths, name, manifest)


def _land(paths: DataPaths, run: str, first: int, last: int, changed: str) -> list[tuple[str, int, Path]]:
    """Both relations of these people: (relation, rows, manifest)."""
    bought = (EACH * first, EACH * last)
    return [
        ("subscribers", last - first, landed(paths, "subscribers", run, first, last, changed)),
        ("purchases", bought[1] - bought[0], landed(paths, "purchases", run, *bought)),
    ]


def in_a_process(paths: DataPaths, name: str, manifest: Path) -> dict[str, Any]:
    """The figures of one step. Raises where it fails."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--step", name, str(manifest)]
    environment = {**os.environ, "TRADEWIND_DATA": str(paths.root)}
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: dict[str, Any] = json.loads(finished.stdout)
    return figures


def step(name: str, manifest: str) -> dict[str, Any]:
    """Run one step and measure it."""
    import_everything()
    paths = DataPaths(Path(os.environ["TRADEWIND_DATA"]))
    began, busy = time.perf_counter(), time.process_time()
    landed_manifest: Manifest = json.loads(Path(manifest).read_text())
    if name == "check":
        validate_batch(paths, landed_manifest)
    else:
        merge_batch(paths, landed_manifest)
    wall, cpu = time.perf_counter() - began, time.process_time() - busy
    return {"wall": wall, "cpu": cpu, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def landed(paths: DataPaths, relation: str, run: str, first: int, last: int, changed: str = "") -> Path:
    """Land invented rows as extract does; the manifest's path."""
    folder = paths.landed / relation / run
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '1GB'")
        connection.execute("set enable_progress_bar = false")
        starts = range(first, last, PART_ROWS)
        files = [
            _part(connection, folder, relation, number, first, (start, last), changed) for number, start in enumerate(starts)
        ]
    content = {"relation": relation, "run": run, "folder": str(folder.relative_to(paths.root)), "rows": last - first}
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(content | {"full": run == "all", "files": files}))
    return manifest


def _part(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    relation: str,
    number: int,
    first: int,
    rest: tuple[int, int],
    changed: str,
) -> dict[str, Any]:
    """One file of at most `PART_ROWS` of the rows of `rest`; what the manifest says of it."""
    path = folder / f"part-{number:04d}.parquet"
    query = QUERIES[relation].replace("$row_zero", str(first))
    values = {"first": rest[0], "last": min(rest[1], rest[0] + PART_ROWS)} | ({"changed": changed} if changed else {})
    rows = connection.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)", values).fetchall()[0][0]
    return {"name": path.name, "rows": rows, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


if __name__ == "__main__":
    main()
