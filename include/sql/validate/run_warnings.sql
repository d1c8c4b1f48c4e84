-- name: run_warnings
-- owner: data
-- grain: one row a warning
-- params: run
-- purpose: What a person should be told of a run's batches.
select
    relation,
    unnest(warnings) as warning
from quality.runs
where landed_run = $run
order by relation desc;
