-- name: membership_unique
-- owner: data
-- grain: one row
-- params: none
-- purpose: No subscriber is in a segment twice, in the last segment run (earlier runs were checked when they were the last).
with last_run as (
    select segment_run
    from segment.runs
    order by built_at desc, segment_run desc
    limit 1
),

members as (
    select count(*) as copies
    from segment.membership
    semi join last_run using (segment_run)
    group by segment, subscriber_id
)

select
    coalesce((select segment_run from last_run), 'no segment run') as scope,
    'rows of segment.membership' as left_side,
    coalesce(sum(copies), 0)::bigint as left_value,
    'distinct segment and subscriber_id' as right_side,
    count(*) as right_value,
    true as must_hold
from members;
