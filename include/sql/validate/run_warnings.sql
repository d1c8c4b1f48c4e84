-- name: run_warnings
-- owner: data
-- grain: one row per warning
-- params: run
-- purpose: The warnings of a run, for alerts.
select
    relation,
    unnest(warnings) as warning
from quality.runs
where landed_run = $run
order by relation desc;
