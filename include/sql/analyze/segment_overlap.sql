-- name: segment_overlap
-- owner: analytics
-- grain: one row per pair of segments that have people in common; a segment with itself too
-- params: none
-- rebuild: by segments
-- purpose: How many people are in two segments at once, in the newest run of each. People with the same segments are counted
--          together first, so the pairs are made once for each combination of segments and not for each person.
create or replace table marts.segment_overlap as
with people as (
    select list(struct_pack(block := block, bits := bits) order by block) as blocks
    from segment.members
    where bits <> 0
    group by subscriber_id
),

combinations as (
    select
        row_number() over () as number,
        blocks,
        count(*) as people
    from people
    group by blocks
),

unnested as (
    select
        number,
        people,
        unnest(blocks) as held
    from combinations
),

segments as (
    select
        unnested.number,
        unnested.people,
        positions.segment
    from unnested
    inner join segment.positions
        on
            unnested.held.block = positions.position // 64
            and (unnested.held.bits >> (positions.position % 64)::ubigint) & 1 = 1
)

select
    one.segment,
    other.segment as other_segment,
    sum(one.people)::bigint as people
from segments as one
inner join segments as other on one.number = other.number
group by one.segment, other.segment
order by one.segment, other.segment;
