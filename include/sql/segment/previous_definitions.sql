-- name: previous_definitions
-- owner: data
-- grain: one row per segment
-- params: segment_run, as_of, built
-- purpose: The definition with which the run before built each segment; null if that is not known.
select
    sizes.segment,
    arg_max(coalesce(sizes.definition, ''), (runs.as_of, runs.built_at)) as definition
from segment.sizes
inner join segment.runs using (segment_run)
where runs.segment_run <> $segment_run and runs.as_of <= $as_of and list_contains($built::varchar[], sizes.segment)
group by sizes.segment;
