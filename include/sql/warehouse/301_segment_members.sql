-- name: 301_segment_members
-- owner: data
-- grain: one row per subscriber and block of 64 segments
-- params: none
-- purpose: Who is in which segments, as of the newest run of each: a bit per segment (segment.positions). A row per person and
--          not per member, since people are in five segments each, and a run changes few rows.
create table if not exists segment.members as
select
    spells.subscriber_id,
    (positions.position // 64)::usmallint as block,
    bit_or(1::ubigint << (positions.position % 64)::ubigint) as bits
from segment.spells
inner join segment.positions on spells.segment = positions.segment
where spells.left_run is null
group by spells.subscriber_id, positions.position // 64;
