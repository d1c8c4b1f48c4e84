-- name: places_create
-- owner: data
-- grain: one row per segment of the run
-- params: segment_run, wanted
-- purpose: Temporary table of where the bit of each segment is, in selected_members and segment.members: a new segment gets the next
--          position. is_first: no other run has built the segment, so its members enter without moves.
create or replace temp table places as
with numbered as (
    select
        wanted.segment,
        coalesce(
            positions.position,
            (select coalesce(max(taken.position), -1) from segment.positions as taken)
            + row_number() over (partition by positions.position is null order by wanted.segment)
        ) as position,
        coalesce(positions.first_run = $segment_run, positions.segment is null) as is_first
    from (select unnest($wanted::varchar[]) as segment) as wanted
    left join segment.positions on wanted.segment = positions.segment
)

select
    segment,
    position,
    (position // 64)::usmallint as block,
    1::ubigint << (position % 64)::ubigint as bit,
    is_first
from numbered;
