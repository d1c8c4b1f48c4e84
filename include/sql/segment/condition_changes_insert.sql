-- name: condition_changes_insert
-- owner: data
-- grain: one row per person and condition that changed
-- params: segment_run
-- purpose: Keep the conditions that changed for people who enter or leave a segment with this run (temporary table found_changes).
insert into segment.condition_changes by name
select
    $segment_run as segment_run,
    segment,
    subscriber_id,
    moved,
    condition,
    moved = 'left' as met_before,
    moved = 'entered' as met_after,
    compared_at
from temp.found_changes;
