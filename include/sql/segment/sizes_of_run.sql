-- name: sizes_of_run
-- owner: data
-- grain: one row a segment
-- params: segment_run
-- purpose: What a run froze, for the task's answer.
select segment, members
from segment.sizes
where segment_run = $segment_run
order by segment;
