-- name: runs_insert
-- owner: data
-- grain: one row per segment run
-- params: segment_run, as_of, built_at, is_partial
-- purpose: Record the run and the size of the list at that time.
insert into segment.runs by name
select
    $segment_run as segment_run,
    $as_of::timestamptz as as_of,
    $built_at::timestamptz as built_at,
    $is_partial as is_partial,
    count(*) as list_size
from segment.features;
