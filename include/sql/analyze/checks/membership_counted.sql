-- name: membership_counted
-- owner: data
-- grain: one row per segment of the last segment run
-- params: none
-- purpose: The recorded sizes equal the numbers of frozen members.
with last_run as (
    select segment_run
    from segment.runs
    order by built_at desc, segment_run desc
    limit 1
),

frozen as (
    select
        segment,
        count(*) as members
    from segment.membership
    semi join last_run using (segment_run)
    group by segment
)

select
    sizes.segment_run || ' ' || sizes.segment as scope,
    'segment.sizes.members' as left_side,
    sizes.members as left_value,
    'rows of segment.membership' as right_side,
    coalesce(frozen.members, 0) as right_value,
    true as must_hold
from segment.sizes
semi join last_run using (segment_run)
left join frozen using (segment);
