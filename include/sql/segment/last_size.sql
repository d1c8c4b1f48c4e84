-- name: last_size
-- owner: data
-- grain: at most one row
-- params: segment
-- purpose: The last run that froze the segment, and its size.
select
    runs.segment_run,
    runs.as_of,
    sizes.members
from segment.sizes
inner join segment.runs using (segment_run)
where sizes.segment = $segment
order by runs.as_of desc, runs.built_at desc
limit 1;
