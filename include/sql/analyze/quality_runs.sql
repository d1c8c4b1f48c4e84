-- name: quality_runs
-- owner: analytics
-- grain: one row per validated batch
-- params: none
-- purpose: The result of validating each batch, and whether its sum holds.
create or replace table marts.quality_runs as
select
    landed_run,
    relation,
    validated_at,
    raw_rows,
    valid_rows,
    quarantined_rows,
    verdict,
    stop_reason,
    raw_rows = valid_rows + quarantined_rows as adds_up
from quality.runs
order by validated_at, landed_run, relation;
