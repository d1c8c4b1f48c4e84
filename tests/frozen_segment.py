"""Segment members as a segment run freezes them, without a run: for tests of what reads them, and for benchmarks."""

from __future__ import annotations

import duckdb

_POSITION = """
insert into segment.positions by name
select
    $segment as segment, (select coalesce(max(position) + 1, 0) from segment.positions)::integer as position,
    $segment_run as first_run, timestamptz '2020-01-01 00:00:00Z' as known_since
where $segment not in (select segment from segment.positions)
"""
_MEMBERS = """
merge into segment.members as members
using (
    select selected.subscriber_id, (position // 64)::usmallint as block, 1::ubigint << (position % 64)::ubigint as bit
    from ({query}) as selected, segment.positions where segment = $segment
) as selected
on members.subscriber_id = selected.subscriber_id and members.block = selected.block
when matched then update set bits = members.bits | selected.bit
when not matched then insert (subscriber_id, block, bits) values (selected.subscriber_id, selected.block, selected.bit)
"""
_SIZES_DELETE = "delete from segment.sizes where segment_run = $segment_run and segment = $segment"
_SIZES = """
insert into segment.sizes by name
select
    $segment_run as segment_run, $segment as segment, count(*) as members, count(*) as entered, 0 as left_segment,
    0 as stayed
from segment.membership where segment = $segment
"""


def freeze_segment(warehouse: duckdb.DuckDBPyConnection, segment: str, query: str, segment_run: str = "run-1") -> None:
    """Add the people of a query on subscriber_id to a segment, and record its size under the run."""
    named = {"segment": segment, "segment_run": segment_run}
    warehouse.execute(_POSITION, named)
    warehouse.execute(_MEMBERS.format(query=query), {"segment": segment})
    warehouse.execute(_SIZES_DELETE, named)
    warehouse.execute(_SIZES, named)
