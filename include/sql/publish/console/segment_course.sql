-- name: segment_course
-- owner: analytics
-- grain: one row per day and segment
-- params: days, segment
-- purpose: The size of each segment in the last run of each of the $days days up to the newest, and how many entered and left on that
--          day in all runs; of one $segment ('' for all).
with runs as (
    select
        sizes.segment,
        sizes.as_of,
        sizes.segment_run,
        sizes.members,
        changes.entered,
        changes.left_segment
    from marts.segment_sizes as sizes
    left join marts.segment_changes as changes using (segment_run, segment)
    where
        sizes.as_of > (select max(as_of) from marts.segment_sizes) - to_days($days)
        and ($segment = '' or sizes.segment = $segment)
)

select
    as_of::date as day,
    segment,
    max_by(members, (as_of, segment_run)) as members,
    sum(entered)::bigint as entered,
    sum(left_segment)::bigint as left_segment
from runs
group by all
order by day, segment;
