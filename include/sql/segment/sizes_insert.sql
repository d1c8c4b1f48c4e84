-- name: sizes_insert
-- owner: data
-- grain: one row per segment and run
-- params: segment_run, built
-- purpose: The size of each segment that this run built, and how many subscribers entered and left since the previous run that
--          built the segment. Without a previous run, every member entered.
insert into segment.sizes by name
with counted as (
    select
        block,
        bits,
        count(*) as people
    from temp.selected_members
    group by block, bits
),

moved as (
    select
        segment,
        count(*) filter (where moved = 'entered') as entered,
        count(*) filter (where moved = 'left') as left_segment
    from temp.moves
    group by segment
),

sized as (
    select
        places.segment,
        places.is_first,
        coalesce(sum(counted.people), 0)::bigint as members
    from temp.places
    left join counted on places.block = counted.block and places.bit & counted.bits <> 0
    where list_contains($built::varchar[], places.segment)
    group by places.segment, places.is_first
)

select
    $segment_run as segment_run,
    sized.segment,
    sized.members,
    if(sized.is_first, sized.members, coalesce(moved.entered, 0)) as entered,
    coalesce(moved.left_segment, 0) as left_segment,
    if(sized.is_first, 0, sized.members - coalesce(moved.entered, 0)) as stayed
from sized
left join moved on sized.segment = moved.segment;
