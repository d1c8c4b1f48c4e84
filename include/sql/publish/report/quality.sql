-- name: quality
-- owner: analytics
-- grain: one row per validated batch
-- params: none
-- purpose: The last 12 validations, newest first.
select
    strftime(validated_at, '%Y-%m-%d %H:%M') as validated_at,
    relation,
    landed_run,
    raw_rows,
    valid_rows,
    quarantined_rows,
    verdict,
    stop_reason,
    adds_up
from marts.quality_runs
order by quality_runs.validated_at desc, relation asc
limit 12;
