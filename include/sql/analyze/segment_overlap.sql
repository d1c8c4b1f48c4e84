-- name: segment_overlap
-- owner: analytics
-- grain: one row per pair of segments that have people in common; a segment with itself too
-- params: none
-- purpose: How many people are in two segments at once, in the newest run of each. People with the same segments are counted
--          together first, so the pairs are made once for each combination of segments and not for each person.
create or replace table marts.segment_overlap as
with people as (
    select list(segment order by segment) as segments
    from segment.spells
    where left_at is null
    group by subscriber_id
),

combinations as (
    select
        segments,
        count(*) as people
    from people
    group by segments
),

firsts as (
    select
        segments,
        people,
        unnest(segments) as segment
    from combinations
),

pairs as (
    select
        segment,
        unnest(segments) as other_segment,
        people
    from firsts
)

select
    segment,
    other_segment,
    sum(people)::bigint as people
from pairs
group by segment, other_segment
order by segment, other_segment;
