-- name: segment_course
-- owner: analytics
-- grain: one row per $step days and segment
-- params: days, segment, step
-- purpose: The size of each segment in the last run of each $step of the $days days up to the newest, and how many entered and left in
--          these $step days, in all runs; of one $segment ('' for all, without who entered and left). day is the last of the $step
--          days.
with runs as (
    select
        sizes.segment,
        sizes.as_of,
        sizes.segment_run,
        sizes.members,
        changes.entered,
        changes.left_segment
    from marts.segment_sizes as sizes
    left join marts.segment_changes as changes
        on $segment <> '' and sizes.segment_run = changes.segment_run and sizes.segment = changes.segment
    where
        sizes.as_of > (select max(as_of) from marts.segment_sizes) - to_days($days)
        and ($segment = '' or sizes.segment = $segment)
),

newest as (
    select max(as_of)::date as day
    from marts.segment_sizes
)

select
    newest.day - $step::integer * ((newest.day - runs.as_of::date) // $step)::integer as day,
    runs.segment,
    max_by(runs.members, runs.as_of) as members,
    sum(runs.entered)::bigint as entered,
    sum(runs.left_segment)::bigint as left_segment
from runs
cross join newest
group by all
order by day, runs.segment;
