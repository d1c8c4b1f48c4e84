-- name: results_insert
-- owner: data
-- grain: one row per rule
-- params: run, relation
-- purpose: Insert the result of each rule as counts. Reads the Arrow table findings.
insert into quality.results by name
select
    $run as landed_run,
    $relation as relation,
    expectation,
    column_name,
    severity,
    checked_rows,
    unexpected_rows,
    unexpected_rows = 0 as success
from findings;
