-- name: activities_unique
-- owner: data
-- grain: one row
-- params: none
-- purpose: No activity is counted twice, whether it was read at the source, posted, or both.
select
    'all activities' as scope,
    'rows of core.activities' as left_side,
    coalesce(sum(copies), 0)::bigint as left_value,
    'distinct activity_id' as right_side,
    count(*) as right_value,
    true as must_hold
from (
    select count(*) as copies
    from core.activities
    group by activity_id
) as keys;
