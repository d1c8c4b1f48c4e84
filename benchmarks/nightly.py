"""What a night costs: marts and published file, after a history of events, with new ones and with nothing new.

    python -m benchmarks.nightly [--events 30000000] [--new 1000000]

Invents campaigns to 100,000 of 300,000 people with three events a message, until there are so many events, and the first
file, which is written whole. Then come a night with new events (nine in ten are of a new campaign, some happened late in the
ten mails before it, and some are opens and clicks in every older mail), a night with nothing new, and marts and file once
more as a whole, for comparison. The data folder is removed afterwards.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.segments_and_marts import peak, timed
from include.analyze.marts import build_marts
from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.publish.file import publish
from include.publish.read_back import verify
from include.segment.build import build_segments
from include.warehouse import memory
from include.warehouse.connection import open_warehouse, run, transaction

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PER_MESSAGE, AUDIENCE, PEOPLE = 3, 100_000, 300_000
LATE, RECENT = 20, 10
"""One in LATE new events happened on the days of the last RECENT campaigns, one in LATE today, in any campaign so far."""

SUBSCRIBERS = """
insert into core.subscribers by name
select
    md5('s' || i) as subscriber_id, sha256('a' || i) as address_key, 'gmail' as mailbox_provider,
    $at::timestamptz as signed_up_at, 'subscribed' as status, 'consent' as lawful_basis, 'shop' as consent_source,
    signed_up_at as consented_at, 'v1' as consent_wording, true as tracking_consent, $at::timestamptz as updated_at,
    'bench' as landed_run
from range($people) as people (i)"""
PURCHASES = """
insert into core.purchases by name
select
    'p' || i as purchase_id, md5('s' || hash(i) % ($people / 2)::bigint) as subscriber_id,
    $at::timestamptz + to_hours((hash(i + 7) % 6000)::integer) as purchased_at,
    (hash(i + 13) % 20000 / 100)::decimal(18, 2) as amount, 'USD' as currency, 'bench' as landed_run
from range(3 * $people) as purchases (i)"""
PLAN = """
insert into dispatch.plans by name
select
    'plan-' || $n as plan_id, 'newsletter' as campaign, 'w' || $n as occurrence, 'all' as segment, 'bench' as segment_run,
    'done' as state, 'hash' as content_hash, $at::timestamptz as planned_at, $people as selected, 0.2 as cost_per_thousand"""
SENDS = """
insert into dispatch.sends by name
select
    md5('m' || $n || '-' || i) as message_key, 'plan-' || $n as plan_id, 'newsletter' as campaign, 'w' || $n as occurrence,
    md5('s' || (i + $n * 7777) % $of) as subscriber_id, sha256('a' || (i + $n * 7777) % $of) as address_key,
    ['plain', 'question'][1 + i % 2] as variant, ['gmail', 'yahoo', 'other'][1 + i % 3] as mailbox_provider,
    if(i % 50 = 0, 'held_out', 'accepted') as state, if(i % 50 = 0, null, 0) as chunk, if(i % 50 = 0, null, true) as tracked,
    1 as attempt, $at::timestamptz as planned_at, planned_at as sent_at
from range($people) as people (i)"""
EVENTS = """
create or replace temp table deduplicated as
select
    md5('e' || $n || '-' || $salt || '-' || i) as dedup_key, 'new' as status,
    md5('m' || $n || '-' || i // $per_message) as matched_message_key,
    md5('s' || (i // $per_message + $n * 7777) % $of) as subscriber_id, 'newsletter' as campaign, 'w' || $n as occurrence,
    ['delivered', 'opened', 'clicked'][1 + i % 3] as event,
    $at::timestamptz + to_seconds((hash(i) % 80000)::bigint) as occurred_at, occurred_at as received_at,
    if(i % 3 = 2, 'https://shop.example/offer?utm=1', null) as url,
    if(i % 3 > 0, ['human', 'machine'][1 + (hash(i + 3) % 2)::integer], null) as verdict, ['too_soon'] as signals,
    3 as rule_version, 'spool.json' as spool_file
from range($count) as events (i)"""
NOTED = """
insert into build.changes by name
select matched_message_key as message_key, min(occurred_at) as since
from deduplicated
group by matched_message_key"""
INSERT = """
insert into engagement.events by name
select * exclude (status, matched_message_key), matched_message_key as message_key from deduplicated"""


def main() -> None:
    """Measure, and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=30_000_000)
    arguments.add_argument("--new", type=int, default=1_000_000)
    chosen = arguments.parse_args()
    limit = f"DuckDB memory limit {memory.limit() / 1e6:,.0f} MB"
    print(f"{chosen.events:,} events, then {chosen.new:,} new; {limit}", flush=True)
    with tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder:
        campaigns = max(1, chosen.events // (AUDIENCE * PER_MESSAGE))
        for step in (
            ("invent", campaigns), ("night", "first", campaigns + 1), ("add", campaigns, chosen.new),
            ("night", "new", campaigns + 2), ("night", "nothing", campaigns + 3), ("whole", campaigns + 4),
        ):  # fmt: skip
            process = multiprocessing.get_context("spawn").Process(target=_step, args=(folder, *step))
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)


def _step(folder: str, name: str, *values: Any) -> None:
    """One step in a process of its own, so that its peak memory is its own."""
    paths = DataPaths(Path(folder))
    secrets = load_secrets(paths)
    ledger = open_ledger(ledger_url(paths), secrets)
    try:
        STEPS[name](Stores(paths, ledger, secrets), *values)
    finally:
        ledger.close()


def night(stores: Stores, name: str, day: int) -> None:
    """What nightly_analytics does with marts and file."""
    start, busy = time.perf_counter(), time.process_time()
    with timed(f"{name + ':':8} marts"):
        build_marts(stores, as_of=FIRST + timedelta(days=day))
    with timed(f"{name + ':':8} publish"):
        manifest = publish(stores.paths)
    with timed(f"{name + ':':8} read back"):
        found = verify(stores.paths)
    took = f"{time.perf_counter() - start:.1f} s, {time.process_time() - busy:.1f} s of CPU, {peak():,.0f} MB at most"
    print(f"{name + ':':8} {found['rows']:,} rows, {manifest['bytes'] / 1e6:,.0f} MB in the file; in all {took}", flush=True)


def whole(stores: Stores, day: int) -> None:
    """Marts and file as a whole, for comparison."""
    with timed("whole:   marts"):
        build_marts(stores, as_of=FIRST + timedelta(days=day), whole=True)
    with open_warehouse(stores.paths) as connection:
        connection.execute("delete from build.published")
    with timed("whole:   publish"):
        publish(stores.paths)
    print(f"whole:   {peak():,.0f} MB at most", flush=True)


def invent(stores: Stores, campaigns: int) -> None:
    """The history: people, purchases, and a campaign a day."""
    with timed("inventing the history"), open_warehouse(stores.paths) as connection:
        for statement in (SUBSCRIBERS, PURCHASES):
            connection.execute(statement, {"people": PEOPLE, "at": FIRST})
        for number in range(campaigns):
            _campaign(connection, number, AUDIENCE)
    build_segments(stores.paths, segment_run="one", as_of=FIRST + timedelta(days=campaigns))


def add(stores: Stores, campaigns: int, new: int) -> None:
    """A day: a campaign, and events of the campaigns before."""
    late, old = new // LATE // min(RECENT, campaigns), new // LATE // campaigns
    today = FIRST + timedelta(days=campaigns)
    with timed("a day of events"), open_warehouse(stores.paths) as connection:
        _campaign(connection, campaigns, int(new * (1 - 2 / LATE)) // PER_MESSAGE)
        run(connection, "dispatch", "changes_insert", {"plan_id": f"plan-{campaigns}"})
        for number in range(campaigns):
            if number >= campaigns - RECENT:
                _events(connection, number, "late", late, FIRST + timedelta(days=number))
            _events(connection, number, "old", old, today)


def _campaign(connection: duckdb.DuckDBPyConnection, number: int, people: int) -> None:
    at = FIRST + timedelta(days=number)
    for statement in (PLAN, SENDS):
        values = {"n": number, "people": people, "at": at, "of": PEOPLE}
        connection.execute(statement, {name: value for name, value in values.items() if f"${name}" in statement})
    _events(connection, number, "first", people * PER_MESSAGE, at)


def _events(connection: duckdb.DuckDBPyConnection, number: int, salt: str, count: int, at: datetime) -> None:
    params = {"n": number, "salt": salt, "count": count, "of": PEOPLE, "per_message": PER_MESSAGE, "at": at}
    connection.execute(EVENTS, params)
    with transaction(connection):
        connection.execute(INSERT)
        connection.execute(NOTED)


STEPS: dict[str, Callable[..., None]] = {"invent": invent, "night": night, "add": add, "whole": whole}

if __name__ == "__main__":
    main()
