-- name: events_loaded
-- owner: data
-- grain: one row
-- params: none
-- purpose: The new events of all spool files are in the warehouse. Need not hold: erasure and retention delete events.
select
    'all spool files' as scope,
    'new events of engagement.spool_files' as left_side,
    coalesce(sum(new_events), 0)::bigint as left_value,
    'rows of engagement.events' as right_side,
    (select count(*) from engagement.events) as right_value,
    false as must_hold
from engagement.spool_files;
