-- name: load_counts
-- owner: data
-- grain: one row
-- params: none
-- purpose: What became of the arrivals of one batch.
select
    count(*) filter (where not reconsidered) as events,
    count(*) filter (where not reconsidered and fate = 'new') as new,
    count(*) filter (where not reconsidered and fate = 'duplicate') as duplicates,
    count(*) filter (where not reconsidered and fate = 'quarantined') as quarantined,
    count(*) filter (where reconsidered and fate in ('new', 'duplicate')) as released,
    count(*) filter (where fate = 'quarantined' and refusal = 'account_changed') as account_changes
from decided;
