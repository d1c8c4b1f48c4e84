-- name: membership_unique
-- owner: data
-- grain: one row
-- params: none
-- purpose: No subscriber is in a segment twice: one row per subscriber and block of segments.
select
    'all segments' as scope,
    'rows of segment.members' as left_side,
    coalesce(sum(copies), 0)::bigint as left_value,
    'distinct subscriber_id and block' as right_side,
    count(*) as right_value,
    true as must_hold
from (
    select count(*) as copies
    from segment.members
    group by subscriber_id, block
) as members;
