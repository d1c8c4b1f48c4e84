-- name: batch_status
-- owner: data
-- grain: one row a validation
-- params: run, relation
-- purpose: Whether a landed batch may be merged, and whether what it does not show is held.
select
    verdict,
    coalesce(deletions_held, false) as deletions_held
from quality.runs
where landed_run = $run and relation = $relation;
