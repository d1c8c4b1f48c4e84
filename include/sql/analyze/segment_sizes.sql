-- name: segment_sizes
-- owner: analytics
-- grain: one row per segment and run
-- params: none
-- rebuild: by segments
-- purpose: The size of each segment, and its share of that run's list.
create or replace table marts.segment_sizes as
select
    runs.segment_run,
    runs.as_of,
    sizes.segment,
    sizes.members,
    sizes.members / nullif(runs.list_size, 0) as share_of_list
from segment.sizes
inner join segment.runs using (segment_run)
order by runs.as_of, runs.segment_run, sizes.segment;
