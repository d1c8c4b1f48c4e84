"""How long all segments take, and how much memory: at first, and for the next day's data.

    python -m benchmarks.segments [--people 1000000] [--purchases 5] [--events 10]

Invents subscribers with so many purchases and events (mail events and activities, half and half) each, in the order in
which they happen, as a shop's arrive, in a data folder of its own that is removed afterwards. Builds all shipped segments,
adds a day's data (a hundredth of the people with a purchase, an event and an activity), and builds them again: the second
run has the history to write. The target at 10 million subscribers, 50 million purchases and 100 million events is 90
seconds and 6 GB on two cores (TRADEWIND_WAREHOUSE_MEMORY=4GB).
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.segments_and_marts import INVENTED, peak, timed
from include.core.paths import DataPaths
from include.segment.build import build_segments
from include.warehouse import memory
from include.warehouse.connection import open_warehouse

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
PURCHASES = """
insert into core.purchases by name
select
    $name || i as purchase_id, md5('s' || hash(i) % ($people / 2)::bigint) as subscriber_id,
    $as_of::timestamptz - to_seconds($hours * 3600 * (1 - (i + 1) / $rows)) as purchased_at,
    (hash(i + 13) % 20000 / 100)::decimal(18, 2) as amount, 'USD' as currency, 1 as items, $name as landed_run
from range($rows) as purchases (i)
"""
EVENTS = """
insert into engagement.events by name
select
    $name || i as dedup_key, md5('m' || i) as message_key, md5('s' || hash(i) % $people) as subscriber_id,
    'newsletter' as campaign, '2026-W47' as occurrence, ['delivered', 'opened', 'clicked'][1 + i % 3] as event,
    $as_of::timestamptz - to_seconds($hours * 3600 * (1 - (i + 1) / $rows)) as occurred_at,
    occurred_at as received_at, case when i % 3 > 0 then ['human', 'machine'][1 + (hash(i + 3) % 2)::integer] end as verdict,
    1 as rule_version, 'spool.json' as spool_file
from range($rows) as events (i)
"""
ACTIVITIES = """
insert into core.activities by name
select
    $name || i as activity_id, md5('s' || hash(i + 2) % $people) as subscriber_id,
    ['page_view', 'basket_add', 'sign_in'][1 + i % 3] as name, $name as landed_run,
    $as_of::timestamptz - to_seconds($hours * 3600 * (1 - (i + 1) / $rows)) as happened_at
from range($rows) as activities (i)
"""
NOTED = {
    "purchases": "select distinct subscriber_id, 'purchases' from core.purchases where landed_run = $name",
    "events": "select distinct subscriber_id, 'events' from engagement.events where starts_with(dedup_key, $name)",
    "activities": "select distinct subscriber_id, 'activities' from core.activities where landed_run = $name",
}
"""Whose rows are new, as their writers note it."""
YEAR, DAY = 24 * 365, 24


def main() -> None:
    """Measure, and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--purchases", type=float, default=5, help="purchases a person")
    arguments.add_argument("--events", type=float, default=10, help="events and activities a person")
    chosen = arguments.parse_args()
    people, purchases, events = chosen.people, int(chosen.people * chosen.purchases), int(chosen.people * chosen.events)
    with tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder:
        paths = DataPaths(Path(folder))
        print(f"{people:,} people, {purchases:,} purchases, {events:,} events; memory limit {memory.limit() / 1e6:,.0f} MB")
        with timed("inventing the data"):
            _invent(paths, "first", people, purchases, events, AS_OF, YEAR)
        with timed("all segments, first run"):
            first = build_segments(paths, segment_run="one", as_of=AS_OF)
        with timed("inventing a day's data"):
            _invent(paths, "day", people, people // 100, people // 50, AS_OF + timedelta(days=1), DAY)
        with timed("all segments, next day"):
            build_segments(paths, segment_run="two", as_of=AS_OF + timedelta(days=1))
        print(f"{len(first)} segments with {sum(first.values()):,} members in the first run")
        print(f"warehouse {paths.warehouse.stat().st_size / 1e6:,.0f} MB, peak memory of the process {peak():,.0f} MB")


def _invent(paths: DataPaths, name: str, people: int, purchases: int, events: int, as_of: datetime, hours: int) -> None:
    """Add rows of the hours before `as_of`, and the people if there are none."""
    shared = {"name": name, "people": people, "as_of": as_of, "hours": hours}
    with open_warehouse(paths) as connection:
        if not connection.execute("select count(*) from core.subscribers").fetchall()[0][0]:
            connection.execute(INVENTED["subscribers"], {"people": people, "as_of": as_of})
        connection.execute(PURCHASES, shared | {"rows": purchases})
        connection.execute(EVENTS, shared | {"rows": events // 2})
        connection.execute(ACTIVITIES, shared | {"rows": events - events // 2})
        if connection.execute("select count(*) from segment.scales").fetchall()[0][0]:
            for query in NOTED.values():
                connection.execute(f"insert into segment.changes {query}", {"name": name})


if __name__ == "__main__":
    main()
