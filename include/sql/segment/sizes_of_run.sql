-- name: sizes_of_run
-- owner: data
-- grain: one row per segment
-- params: segment_run
-- purpose: The size of each segment of a run, for the task's return value.
select
    segment,
    members
from segment.sizes
where segment_run = $segment_run
order by segment;
