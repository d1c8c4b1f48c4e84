"""Speed of ingest as ratios within one run: extraction, validation, the whole way in, an increment, growth.

    python -m benchmarks.ingest_ratios                    a million people with three purchases each, from PostgreSQL
    python -m benchmarks.ingest_ratios --people 20000     a trial

Each step runs in a process of its own and is timed without its imports; `benchmarks.ingest_steps` says what each does.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.dispatch import Line, as_text
from tests.postgres import running_postgres

log = logging.getLogger(__name__)

EACH = 3
"""Purchases per subscriber."""
INCREMENT = 100
"""One in so many people is changed, and buys again, before the incremental pass."""
INGEST = ("extract", "check", "merge")
TABLES = """
create table subscribers as
select
    md5('s' || i) as subscriber_id,
    'person.' || md5('a' || i) || '@' || (array['gmail', 'yahoo', 'shop'])[1 + i % 3] || '.com' as email,
    'First' || i % 2000 as first_name, 'Last' || i % 5000 as last_name,
    (array['DE', 'GB', 'US', 'FR'])[1 + i % 4] as country,
    (array['de-DE', 'en-GB', 'en-US', 'fr-FR'])[1 + i % 4] as locale, 'Europe/Berlin' as timezone,
    timestamptz '2024-01-01 00:00Z' + i % 900000 * interval '1 minute' as signed_up_at,
    case when i % 20 = 7 then 'unsubscribed' else 'subscribed' end as status, 'consent' as lawful_basis,
    'checkout' as consent_source, timestamptz '2024-01-01 00:00Z' + i % 900000 * interval '1 minute' as consented_at,
    'v1' as consent_wording, null::timestamptz as consent_expires_at, i % 3 > 0 as tracking_consent,
    now() - interval '2 days' as updated_at, case when i % 2 = 0 then jsonb_build_object('points', i % 900) end as attributes
from generate_series(1, {people}) as people (i);
create table purchases as
select
    md5('p' || i) as purchase_id, md5('s' || 1 + i / {each}) as subscriber_id,
    timestamptz '2025-01-01 00:00Z' + i % 400000 * interval '1 minute' as purchased_at,
    (500 + i % 20000)::numeric(18, 2) / 100 as amount, 'EUR' as currency, 1 as items
from generate_series(0, {each} * {people} - 1) as purchases (i);
create index on subscribers (updated_at);
create index on purchases (purchased_at);
"""
CHANGES = """
update subscribers set updated_at = now(), first_name = 'Changed' where hashtext(subscriber_id) % {increment} = 0;
insert into purchases
select md5('n' || subscriber_id || n), subscriber_id, now(), 10.5, 'EUR', 1
from subscribers, generate_series(1, {each}) as new (n) where updated_at > now() - interval '1 day';
"""
Figures = dict[str, dict[str, Any]]


def main() -> None:
    """Measure and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    print(as_text(lines(measured(parser.parse_args().people))))


def measured(people: int) -> Figures:
    """The figures of each step for `people` and for a tenth of them, and of an increment."""
    with _shop(people // 10) as (url, data):
        figures = {f"{name}:tenth": _step(name, data, url, "full") for name in INGEST}
    with _shop(people) as (url, data):
        figures |= {name: _step(name, data, url, "full") for name in ("copy", *INGEST, "store", "one_frame")}
        execute(url, CHANGES)
        figures |= {f"{name}:increment": _step(name, data, url, "increment") for name in INGEST}
    return figures | {"all": {"people": people}}


def lines(figures: Figures) -> list[Line]:
    """The ratios that matter."""
    whole, tenth, increment = (sum(figures[f"{name}{of}"]["wall"] for name in INGEST) for of in ("", ":tenth", ":increment"))
    copy, store = figures["copy"]["wall"], figures["store"]["wall"]
    ours, frame = (figures[name]["suite_of_subscribers"] for name in ("check", "one_frame"))
    suite = ours + figures["check"]["suite_of_purchases"]
    extraction = figures["extract"]["wall"] / copy
    floors = (whole - suite) / store
    memory = max(each["rss"] for name, each in figures.items() if name in INGEST)
    steps = ", ".join(f"{name} {figures[name]['wall']:.1f} s" for name in INGEST)
    return [
        Line("people, with three purchases each", f"{figures['all']['people']:,}", "", None),
        Line("in all", f"{whole:.1f} s ({steps})"),
        Line(
            "extraction, to a bare ADBC copy to Parquet",
            f"{extraction:.2f} × ({figures['extract']['wall']:.1f} to {copy:.1f} s)",
            "at most 1.5 ×",
            extraction <= 1.5,
        ),
        Line(
            "suite of subscribers, to the same over one frame",
            f"{frame / ours:.1f} × as fast ({ours:.1f} to {frame:.1f} s)",
            "at least 3 ×",
            frame >= 3 * ours,
        ),
        Line(
            "in all without the suite, to DuckDB's read and write",
            f"{floors:.1f} × ({whole:.1f} less {suite:.1f} to {store:.1f} s)",
            "at most 4 ×",
            floors <= 4,
        ),
        Line(
            f"an increment of 1 in {INCREMENT}",
            f"{increment / whole:.1%} ({increment:.1f} s)",
            "at most 5 %",
            increment <= whole / 20,
        ),
        Line("ten times as many people", f"{whole / tenth:.1f} × ({tenth:.1f} s)", "at most 11 ×", whole / tenth <= 11),
        Line("peak memory of a step", f"{memory:,.0f} MB", "2 GB", memory <= 2_000),
    ]


@contextmanager
def _shop(people: int) -> Iterator[tuple[str, Path]]:
    """A PostgreSQL server with the people and their purchases, and an empty data folder."""
    with running_postgres() as url, tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder:
        execute(url, TABLES, people=people)
        yield url, Path(folder)


def execute(url: str, script: str, **counts: int) -> None:
    """Run a script of statements, then collect statistics."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in script.format(each=EACH, increment=INCREMENT, **counts).split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("vacuum analyze")


def _step(name: str, data: Path, url: str, run: str) -> dict[str, Any]:
    """Run one step in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.ingest_steps", name, url, run]
    environment = {**os.environ, "TRADEWIND_DATA": str(data)}
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    log.info("%s, %s: %s", name, run, figures)
    return figures


if __name__ == "__main__":
    main()
