-- name: segment_changes
-- owner: analytics
-- grain: one row per segment and run
-- params: none
-- rebuild: by segments
-- purpose: How many subscribers entered and left since the previous run, counted when the run froze its members.
create or replace table marts.segment_changes as
select
    sizes.segment_run,
    sizes.segment,
    sizes.entered,
    sizes.left_segment,
    sizes.stayed
from segment.sizes
inner join segment.runs using (segment_run)
order by runs.as_of, sizes.segment_run, sizes.segment;
