-- name: spool_files_update_counts
-- owner: data
-- grain: one row per webhook batch
-- params: none
-- purpose: Moves events that left the quarantine from `quarantined` to the count they now belong to, and clears
--          suppressed_at, so that their batch is read for suppressions again.
update engagement.spool_files
set
    new_events = spool_files.new_events + released.new_events,
    duplicates = spool_files.duplicates + released.duplicates,
    quarantined = spool_files.quarantined - released.new_events - released.duplicates,
    suppressed_at = null
from (
    select
        spool_file,
        count(*) filter (where status = 'new') as new_events,
        count(*) filter (where status = 'duplicate') as duplicates
    from deduplicated
    where reconsidered and status in ('new', 'duplicate')
    group by spool_file
) as released
where spool_files.name = released.spool_file;
