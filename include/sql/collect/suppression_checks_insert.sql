-- name: suppression_checks_insert
-- owner: data
-- grain: one row per list
-- params: at
-- purpose: Record the counts of a comparison: entries = matched + explained + repaired.
insert into core.suppression_checks by name
select
    $at as checked_at,
    list,
    count(*) as entries,
    count(*) filter (where state = 'matched') as matched,
    count(*) filter (where state = 'explained') as explained,
    count(*) filter (where state = 'missing') as repaired
from suppression_entries
group by list;
