-- name: events_unique
-- owner: data
-- grain: one row
-- params: none
-- purpose: No event is counted twice, however often it was delivered.
select
    'all events' as scope,
    'rows of engagement.events' as left_side,
    coalesce(sum(events), 0)::bigint as left_value,
    'distinct dedup_key' as right_side,
    coalesce(sum(dedup_keys), 0)::bigint as right_value,
    true as must_hold
from build.event_counts;
