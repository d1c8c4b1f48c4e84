-- name: results_insert
-- owner: data
-- grain: one row per rule
-- params: run, relation, at
-- purpose: Insert the result of each rule as counts, and the observed value of rules about a whole batch. Reads the Arrow
--          table findings.
insert into quality.results by name
select
    $run as landed_run,
    $relation as relation,
    expectation,
    column_name,
    severity,
    checked_rows,
    unexpected_rows,
    unexpected_rows = 0 as success,
    $at::timestamptz as checked_at,
    observed,
    lower_bound,
    upper_bound,
    details
from findings;
