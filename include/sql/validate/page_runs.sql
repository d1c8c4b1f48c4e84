-- name: page_runs
-- owner: data
-- grain: one row per validation
-- params: none
-- purpose: For the quality page: the newest hundred validations.
select
    relation,
    landed_run,
    strftime(validated_at at time zone 'UTC', '%Y-%m-%d %H:%M') as validated,
    raw_rows,
    valid_rows,
    quarantined_rows,
    verdict,
    stop_reason,
    warnings,
    raw_rows = valid_rows + quarantined_rows as adds_up
from quality.runs
order by validated_at desc, relation asc
limit 100;
