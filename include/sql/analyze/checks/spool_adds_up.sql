-- name: spool_adds_up
-- owner: data
-- grain: one row for all spool files, and one for each that does not add up
-- params: none
-- purpose: Every event that SendGrid posted is new, a duplicate or in quarantine.
select
    'all spool files' as scope,
    'events received' as left_side,
    coalesce(sum(events), 0)::bigint as left_value,
    'new + duplicates + quarantined' as right_side,
    coalesce(sum(new_events + duplicates + quarantined), 0)::bigint as right_value,
    true as must_hold
from engagement.spool_files
union all by name
select
    name as scope,
    'events received' as left_side,
    events as left_value,
    'new + duplicates + quarantined' as right_side,
    new_events + duplicates + quarantined as right_value,
    true as must_hold
from engagement.spool_files
where events <> new_events + duplicates + quarantined;
