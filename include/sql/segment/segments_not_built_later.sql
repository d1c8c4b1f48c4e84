-- name: segments_not_built_later
-- owner: data
-- grain: one row per segment
-- params: segment_run, as_of, built
-- purpose: The segments that no later run has built. Of all others, the later run is right, and this one changes nothing.
select built.segment
from (select unnest($built::varchar[]) as segment) as built
anti join (
    select sizes.segment
    from segment.sizes
    inner join segment.runs using (segment_run)
    left join segment.runs as own on own.segment_run = $segment_run
    where
        runs.segment_run <> $segment_run
        and (runs.as_of, runs.built_at) > ($as_of::timestamptz, coalesce(own.built_at, 'infinity'::timestamptz))
) as later
    on built.segment = later.segment
order by built.segment;
