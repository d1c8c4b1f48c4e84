"""A warehouse full of invented people, in SQL, for tests of planning and for benchmarks."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

from include.core.paths import DataPaths
from include.warehouse.connection import open_warehouse, transaction
from tests.frozen_segment import freeze_segment

SUBSCRIBERS = """
insert into core.subscribers by name
select
    i::varchar as subscriber_id, sha256(concat('address', i)) as address_key, 'subscribed' as status,
    ['gmail', 'yahoo', 'microsoft', 'apple', 'other'][1 + i % 5] as mailbox_provider,
    'DE' as country, ['en', 'de', 'fr'][1 + i % 3] as locale, 'Europe/Berlin' as timezone, 'consent' as lawful_basis,
    timestamptz '2026-01-01 00:00:00Z' as signed_up_at, timestamptz '2026-01-01 00:00:00Z' as consented_at,
    i % 4 <> 0 as tracking_consent, timestamptz '2026-01-01 00:00:00Z' as updated_at, 'run' as landed_run
from range($people) as t(i)
"""
IDENTITIES = """
insert into core.identities by name
select
    i::varchar as subscriber_id, concat('person', i, '@', ['gmail', 'yahoo'][1 + i % 2], '.example.com') as email,
    sha256(concat('address', i)) as address_key,
    concat('First', i % 2000) as first_name, concat('Last', i % 5000) as last_name
from range($people) as t(i)
"""
FACTS = """
insert into segment.facts by name
select
    i::varchar as subscriber_id, timestamptz '2026-01-01 00:00:00Z' as signed_up_at, i % 4 <> 0 as tracking_consent,
    i % 7 as purchases, i % 7 as purchase_days, (i % 700)::decimal(18, 2) as revenue, 0 as unconverted,
    if(i % 7 = 0, null, timestamptz '2026-11-24 00:00:00Z' - to_days((i % 400)::integer)) as last_purchased_at,
    last_purchased_at - to_days((i % 200)::integer) as first_purchased_at,
    timestamptz '2026-11-24 00:00:00Z' - to_days((i % 250)::integer) as last_human_engaged_at,
    0 as human_opens_90d, 0 as human_clicks_90d, 0 as human_opens_30d, 0 as human_clicks_30d,
    0 as activities_7d, 0 as activities_30d
from range($people) as t(i)
"""
SCALES = """
insert into segment.scales by name
select
    false as is_previous, timestamptz '2026-11-24 00:00:00Z' as as_of, 30 as engaged_days, 90 as warm_days,
    180 as cooling_days, false as is_whole, 1 as frequency_2, 2 as frequency_3, 3 as frequency_4, 4 as frequency_5
where not exists (from segment.scales)
"""
RUN = """
insert into segment.runs by name
select 'run-1' as segment_run, timestamptz '2026-11-24 00:00:00Z' as as_of, timestamptz '2026-11-24 00:00:00Z' as built_at
"""


COPIED_PEOPLE = 10_000
"""A larger warehouse is for one benchmark only."""


def address_key_of(person: int) -> str:
    """The address key of an invented person."""
    return sha256(f"address{person}".encode()).hexdigest()


def populate(paths: DataPaths, people: int, segment: str = "newsletter_readers") -> None:
    """`people` mailable subscribers, all in `segment`. A new warehouse of a few is a copy of one that was made before."""
    if people > COPIED_PEOPLE or paths.warehouse.exists():
        insert_people(paths, people, segment)
        return
    paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(DataPaths(Path(_populated(people, segment).name)).warehouse, paths.warehouse)


@cache
def _populated(people: int, segment: str) -> tempfile.TemporaryDirectory[str]:
    """A data folder with such a warehouse."""
    folder = tempfile.TemporaryDirectory(prefix="tradewind-populated-")
    insert_people(DataPaths(Path(folder.name)), people, segment)
    return folder


def insert_people(paths: DataPaths, people: int, segment: str = "newsletter_readers") -> None:
    """Insert `people` mailable subscribers, all in `segment`."""
    with open_warehouse(paths) as warehouse, transaction(warehouse):
        for statement in (SUBSCRIBERS, IDENTITIES, FACTS):
            warehouse.execute(statement, {"people": people})
        warehouse.execute(SCALES)
        warehouse.execute(RUN)
        freeze_segment(warehouse, segment, f"select i::varchar as subscriber_id from range({people:d}) as t(i)")
