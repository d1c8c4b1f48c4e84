-- name: run_record
-- owner: data
-- grain: one row a segment run
-- params: segment_run, as_of, built_at
-- purpose: The run and the size of the list that it saw, replaced where the run is repeated.
insert or replace into segment.runs by name
select
    $segment_run as segment_run,
    $as_of::timestamptz as as_of,
    $built_at::timestamptz as built_at,
    count(*) as list_size
from segment.features;
