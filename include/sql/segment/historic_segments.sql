-- name: historic_segments
-- owner: data
-- grain: one row per segment
-- params: segment_run, as_of, built
-- purpose: The segments of a run that no later run has built: only their history changes.
select built.segment
from (select unnest($built::varchar[]) as segment) as built
anti join (
    select sizes.segment
    from segment.sizes
    inner join segment.runs using (segment_run)
    where runs.segment_run <> $segment_run and runs.as_of > $as_of
) as later
    on built.segment = later.segment
order by built.segment;
