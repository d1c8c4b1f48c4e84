"""How long segments and marts take at a million subscribers, and how much memory.

    python -m benchmarks.segments_and_marts [--people 1000000]

Invents subscribers, three purchases, one send and five events a person in SQL, in a data folder of its own that is removed
afterwards, then runs build_segments twice (the second has a run to compare with) and build_marts, under the warehouse's own
memory limit.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from include.analyze.marts import build_marts
from include.analyze.reconcile import check_sums
from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.segment.build import build_segments
from include.warehouse import memory
from include.warehouse.connection import open_warehouse

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
PROVIDERS = "['gmail', 'yahoo', 'microsoft', 'apple', 'other']"
EVENTS = "['processed', 'delivered', 'opened', 'opened', 'clicked']"

INVENTED = {
    "subscribers": f"""
        insert into core.subscribers by name
        select
            md5('s' || i) as subscriber_id, sha256('a' || i) as address_key, {PROVIDERS}[1 + i % 5] as mailbox_provider,
            $as_of::timestamptz - to_days((hash(i) % 1000)::integer) as signed_up_at, 'subscribed' as status,
            'consent' as lawful_basis, 'shop' as consent_source, signed_up_at as consented_at, 'v1' as consent_wording,
            i % 3 > 0 as tracking_consent, $as_of::timestamptz as updated_at, 'bench' as landed_run
        from range($people) as people (i)""",
    "purchases": """
        insert into core.purchases by name
        select
            'p' || i as purchase_id, md5('s' || hash(i) % ($people / 2)::bigint) as subscriber_id,
            $as_of::timestamptz - to_hours((hash(i + 7) % 12000)::integer) as purchased_at,
            (hash(i + 13) % 20000 / 100)::decimal(18, 2) as amount, 'USD' as currency, 1 as items, 'bench' as landed_run
        from range(3 * $people) as purchases (i)""",
    "plans": """
        insert into dispatch.plans by name
        select
            'plan-1' as plan_id, 'newsletter' as campaign, '2026-W47' as occurrence, 'newsletter_readers' as segment,
            'bench' as segment_run, 'done' as state, 'hash' as content_hash,
            $as_of::timestamptz - interval 6 day as planned_at, $people as selected, 0.2 as cost_per_thousand""",
    "sends": f"""
        insert into dispatch.sends by name
        select
            md5('m' || i) as message_key, 'plan-1' as plan_id, 'newsletter' as campaign, '2026-W47' as occurrence,
            md5('s' || i) as subscriber_id, sha256('a' || i) as address_key, ['plain', 'question'][1 + i % 2] as variant,
            {PROVIDERS}[1 + i % 5] as mailbox_provider,
            case i % 50 when 0 then 'held_out' when 1 then 'suppressed' else 'accepted' end as state, 1 as attempt,
            if(i % 50 > 1, 0, null) as chunk, if(i % 50 > 1, i % 3 > 0, null) as tracked,
            $as_of::timestamptz - interval 6 day as planned_at, planned_at as sent_at
        from range($people) as people (i)""",
    "events": f"""
        insert into engagement.events by name
        select
            md5('e' || i) as dedup_key, md5('m' || i // 5) as message_key, md5('s' || i // 5) as subscriber_id,
            'newsletter' as campaign, '2026-W47' as occurrence, {EVENTS}[1 + i % 5] as event,
            $as_of::timestamptz - interval 6 day + to_minutes((hash(i) % 7000)::integer) as occurred_at,
            occurred_at as received_at, case when i % 5 = 4 then 'https://shop.example/offer?utm=1' end as url,
            case when i % 5 >= 2 then ['human', 'machine'][1 + (hash(i + 3) % 2)::integer] end as verdict,
            1 as rule_version, 'spool.json' as spool_file
        from range(5 * $people) as events (i)
        where i // 5 % 50 > 1""",
}
"""One statement a table. Half the people buy, a third does not allow tracking, half of opens and clicks are a machine's."""


def main() -> None:
    """Measure, and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--people", type=int, default=1_000_000)
    people = arguments.parse_args().people
    with tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder:
        paths = DataPaths(Path(folder))
        secrets = load_secrets(paths)
        ledger = open_ledger(ledger_url(paths), secrets)
        print(f"{people:,} people, DuckDB memory limit {memory.limit() / 1e6:,.0f} MB")
        with timed("inventing the data"):
            invent(paths, people)
        with timed("build_segments, first run"):
            build_segments(paths, segment_run="one", as_of=AS_OF - timedelta(days=1))
        with timed("build_segments, next run"):
            sizes = build_segments(paths, segment_run="two", as_of=AS_OF)
        with timed("build_marts"):
            rows = build_marts(Stores(paths, ledger, secrets), as_of=AS_OF)
        with timed("check_sums"):
            check_sums(paths)
        ledger.close()
        print(f"members: {sizes}\nrows: {rows}")
        print(f"warehouse {paths.warehouse.stat().st_size / 1e6:,.0f} MB, peak memory of the process {peak():,.0f} MB")


def invent(paths: DataPaths, people: int) -> None:
    """Fill the stores."""
    with open_warehouse(paths) as connection:
        for statement in INVENTED.values():
            names = {"people": people, "as_of": AS_OF}
            connection.execute(statement, {name: value for name, value in names.items() if f"${name}" in statement})


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print what the block took: seconds by the wall, and of CPU."""
    start, busy = time.perf_counter(), time.process_time()
    yield
    print(f"{what:28} {time.perf_counter() - start:6.1f} s {time.process_time() - busy:6.1f} s of CPU", flush=True)


def peak() -> float:
    """Megabytes (Linux counts kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
