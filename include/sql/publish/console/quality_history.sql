-- name: quality_history
-- owner: analytics
-- grain: one row per validated batch
-- params: days, relation
-- purpose: The batches of the $days days up to the latest, newest first, of one $relation ('' for all).
select
    validated_at,
    relation,
    landed_run,
    raw_rows,
    valid_rows,
    quarantined_rows,
    quarantined_rows / nullif(raw_rows, 0) as quarantined_share,
    verdict,
    stop_reason,
    adds_up
from marts.quality_runs
where
    validated_at > (select max(validated_at) from marts.quality_runs) - to_days($days)
    and ($relation = '' or relation = $relation)
order by quality_runs.validated_at desc, relation asc
limit 300;
