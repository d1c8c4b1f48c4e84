-- name: drift_runs
-- owner: data
-- grain: one row per earlier run, newest first
-- params: run, relation, source, is_full, min_rows, window_runs
-- purpose: The runs that a batch is compared with: the newest accepted ones of the same source and relation, full passes
--          with full passes, and large enough for shares to say something.
select
    landed_run,
    raw_rows,
    coalesce(accepted, []) as accepted
from quality.runs
where
    relation = $relation
    and source = $source
    and is_full = $is_full
    and verdict = 'accepted'
    and landed_run <> $run
    and raw_rows >= $min_rows
order by validated_at desc
limit $window_runs;
