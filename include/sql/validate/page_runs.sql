-- name: page_runs
-- owner: data
-- grain: one row a validation run
-- params: none
-- purpose: The newest hundred validations for the quality page.
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
order by validated_at desc, relation
limit 100;
