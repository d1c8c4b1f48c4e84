-- name: segment_sizes
-- owner: analytics
-- grain: one row a segment a run
-- params: none
-- purpose: How large each segment was, and which share of the list of that run.
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
