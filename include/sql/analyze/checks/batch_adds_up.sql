-- name: batch_adds_up
-- owner: data
-- grain: one row for all batches, and one for each that does not add up
-- params: none
-- purpose: Every landed row is in the warehouse or in quarantine.
select
    'all batches' as scope,
    'raw rows' as left_side,
    coalesce(sum(raw_rows), 0)::bigint as left_value,
    'valid + quarantined rows' as right_side,
    coalesce(sum(valid_rows + quarantined_rows), 0)::bigint as right_value,
    true as must_hold
from quality.runs
union all by name
select
    relation || ' ' || landed_run as scope,
    'raw rows' as left_side,
    raw_rows as left_value,
    'valid + quarantined rows' as right_side,
    valid_rows + quarantined_rows as right_value,
    true as must_hold
from quality.runs
where raw_rows <> valid_rows + quarantined_rows;
