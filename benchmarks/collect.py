"""How many events a second go from the spool into the warehouse, deduplicated, matched and classified.

    python -m benchmarks.collect [--messages 500000] [--days 3]

Invents a send and the batches that the edge stores for it (768 KB each; each event in three batches on average, as SendGrid
redelivers) in a data folder of its own that is removed afterwards. Each day's load runs in a process of its own: the first
one, and one for each further day, whose cost follows the new events and not the history. The baseline reads the same
files by DuckDB's `read_json` and inserts the rows into a bare table.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import orjson

from include.collect.load import load_spool
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.warehouse.connection import open_warehouse

BATCH_BYTES = 768 * 1024
FIRST = datetime(2026, 11, 1, 6, tzinfo=UTC)
SENDS = """
insert into dispatch.sends by name
select
    md5('m' || i) as message_key, 'plan' as plan_id, 'newsletter' as campaign, '2026-W45' as occurrence,
    md5('s' || i) as subscriber_id, keys.address_key, 'only' as variant, 'gmail' as mailbox_provider, 'accepted' as state,
    (i // 1000)::integer as chunk, 1 as attempt, 'x' || i // 1000 as x_message_id, $at::timestamptz as planned_at,
    $at::timestamptz as sent_at
from range($first, $last) as messages (i)
inner join keys using (i)
"""
Figures = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=500_000, help="accepted a day")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--step", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        logging.basicConfig(level=logging.ERROR)
        print(json.dumps(step()))
        return
    with tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder:
        for what, took in measured(DataPaths(Path(folder)), chosen.messages, chosen.days):
            rate = f"{took['events'] / took['wall']:,.0f} events a second"
            print(f"{what:28} {took['events']:>10,} events {took['wall']:7.1f} s {took['cpu']:7.1f} s of CPU  "
                  f"{rate:26} peak {took['rss']:6,.0f} MB", flush=True)  # fmt: skip


def measured(paths: DataPaths, messages: int, days: int) -> Iterator[tuple[str, Figures]]:
    """(what, figures) of the baseline and of each day."""
    for day in range(days):
        at = FIRST + timedelta(days=day)
        invent_sends(paths, day * messages, (day + 1) * messages, at)
        write_batches(paths, day * messages, (day + 1) * messages, at)
        if day == 0:
            yield "read_json and a bare insert", baseline(paths)
        yield f"day {day + 1}", _in_a_process(paths)


def invent_sends(paths: DataPaths, first: int, last: int, at: datetime) -> None:
    """Accepted messages first to last."""
    secret = load_secrets(paths).address_key
    import pyarrow as pa

    keys = pa.table({"i": range(first, last), "address_key": [address_key(secret, email(i)) for i in range(first, last)]})
    with open_warehouse(paths) as warehouse:
        warehouse.register("keys", keys)
        warehouse.execute(SENDS, {"first": first, "last": last, "at": at})


def email(message: int) -> str:
    """The address of a message."""
    return f"person{message}@example.com"


def write_batches(paths: DataPaths, first: int, last: int, at: datetime) -> int:
    """Batches of all events of the messages, in the edge's folder; returns the number of events."""
    writer = _BatchWriter(paths.spool / "incoming", int(at.timestamp()) + 3_600)
    for message in range(first, last):
        key, second = md5(f"m{message}".encode()).hexdigest(), int(at.timestamp()) + message % 3_000
        common = {
            "email": email(message), "sg_message_id": f"x{message // 1000}.recvd-1", "tw_key": key, "tw_try": "1",
            "tw_chunk": f"plan/{message // 1000}", "category": ["newsletter"], "ip": "203.0.113.7",
        }  # fmt: skip
        for name, later, every, more in (
            ("processed", 0, 1, {"smtp-id": f"<{key}@mail.example>"}),
            ("delivered", 2, 1, {"response": "250 2.0.0 OK"}),
            ("open", 40, 3, {"useragent": "Mozilla/5.0 (iPhone; like Mac OS X)", "sg_machine_open": False}),
            ("click", 60, 20, {"url": f"https://shop.example.com/new?item={message % 50}", "useragent": "Mozilla/5.0",
                               "url_offset": {"index": message % 5, "type": "html"}}),
        ):  # fmt: skip
            if message % every:
                continue
            event = {"event": name, "timestamp": second + later, "sg_event_id": f"{name[:2]}{key}"[:22], **common, **more}
            text = orjson.dumps(event)
            writer.add(text, times=1 + (message + later) % 5)
    return writer.finish()


class _BatchWriter:
    """Writes batches of 768 KB. Each redelivery of an event is in a later batch."""

    def __init__(self, folder: Path, received: int) -> None:
        self._folder, self._received = folder, received
        self._batches = [list[bytes]() for _ in range(5)]
        self._files = self._count = self._bytes = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, event: bytes, times: int) -> None:
        for batch in self._batches[:times]:
            batch.append(event)
        self._count, self._bytes = self._count + times, self._bytes + len(event) * times
        if self._bytes > BATCH_BYTES:
            self._write()

    def finish(self) -> int:
        """Write the rest; returns how many events were written."""
        while any(self._batches):
            self._write()
        return self._count

    def _write(self) -> None:
        at = datetime.fromtimestamp(self._received + self._files // 50, UTC)
        name = f"{at:%Y%m%dT%H%M%S}{self._files % 50:06d}Z-{self._files:08d}.json"
        (self._folder / name).write_bytes(b"[" + b",".join(self._batches.pop(0)) + b"]")
        self._batches.append([])
        self._files, self._bytes = self._files + 1, 0


def baseline(paths: DataPaths) -> Figures:
    """The same files by DuckDB alone."""
    start, busy = time.perf_counter(), time.process_time()
    with duckdb.connect(paths.root / "bare.duckdb") as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"create table events as select * from read_json('{paths.spool}/incoming/*.json')")
        events = int(connection.execute("select count(*) from events").fetchall()[0][0])
    return _figures(events, start, busy)


def step() -> Figures:
    """Load what is in the spool."""
    paths = DataPaths(Path(os.environ["TRADEWIND_DATA"]))
    start, busy = time.perf_counter(), time.process_time()
    return _figures(load_spool(paths)["events"], start, busy)


def _figures(events: int, start: float, busy: float) -> Figures:
    wall, cpu = time.perf_counter() - start, time.process_time() - busy
    return {"events": events, "wall": wall, "cpu": cpu, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _in_a_process(paths: DataPaths) -> Figures:
    environment = {**os.environ, "TRADEWIND_DATA": str(paths.root)}
    command = [sys.executable, "-m", "benchmarks.collect", "--step"]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: Figures = json.loads(finished.stdout)
    return figures


if __name__ == "__main__":
    main()
