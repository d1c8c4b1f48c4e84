-- name: load_counts
-- owner: data
-- grain: one row
-- params: none
-- purpose: Counts the arrivals of one load by status.
select
    count(*) filter (where not reconsidered) as events,
    count(*) filter (where not reconsidered and status = 'new') as new,
    count(*) filter (where not reconsidered and status = 'duplicate') as duplicates,
    count(*) filter (where not reconsidered and status = 'quarantined') as quarantined,
    count(*) filter (where reconsidered and status in ('new', 'duplicate')) as released,
    count(*) filter (where status = 'quarantined' and quarantine_reason = 'account_changed') as account_changes
from deduplicated;
