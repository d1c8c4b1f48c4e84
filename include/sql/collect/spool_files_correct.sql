-- name: spool_files_correct
-- owner: data
-- grain: one row a webhook batch
-- params: none
-- purpose: Moves what left the quarantine to the sum where it now belongs, and lets its batch be looked at again for
--          suppressions.
update engagement.spool_files
set
    new_events = spool_files.new_events + released.new_events,
    duplicates = spool_files.duplicates + released.duplicates,
    quarantined = spool_files.quarantined - released.new_events - released.duplicates,
    suppressed_at = null
from (
    select
        spool_file,
        count(*) filter (where fate = 'new') as new_events,
        count(*) filter (where fate = 'duplicate') as duplicates
    from decided
    where reconsidered and fate in ('new', 'duplicate')
    group by spool_file
) as released
where spool_files.name = released.spool_file;
