-- name: batch_status
-- owner: data
-- grain: one row per validation
-- params: run, relation
-- purpose: Whether a landed batch may be merged, and whether its deletions are held.
select
    verdict,
    coalesce(deletions_held, false) as deletions_held
from quality.runs
where landed_run = $run and relation = $relation;
