-- name: verdict
-- owner: data
-- grain: one row a validation
-- params: run, relation
-- purpose: Whether a landed batch may be merged.
select verdict
from quality.runs
where landed_run = $run and relation = $relation
