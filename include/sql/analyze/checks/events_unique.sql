-- name: events_unique
-- owner: data
-- grain: one row
-- params: none
-- purpose: No event is counted twice, however often it was delivered.
select
    'all events' as scope,
    'rows of engagement.events' as left_side,
    coalesce(sum(copies), 0)::bigint as left_value,
    'distinct dedup_key' as right_side,
    count(*) as right_value,
    true as must_hold
from (
    select count(*) as copies
    from engagement.events
    group by dedup_key
) as keys;
