-- name: size_guards
-- owner: data
-- grain: one row per segment that the run built
-- params: segment_run, as_of, built, accepted_since
-- purpose: The size of each segment, its size in the last run before that was not stopped for its size (or was accepted), and the
--          smallest and largest size that somebody accepted lately; null without one.
with good as (
    select
        sizes.segment,
        arg_max(sizes.members, (runs.as_of, runs.built_at)) as previous
    from segment.sizes
    inner join segment.runs using (segment_run)
    anti join (
        select
            stops.segment_run,
            stops.segment
        from segment.stops
        anti join segment.decisions
            on stops.segment_run = decisions.segment_run and stops.cause = decisions.segment
    ) as stopped
        on sizes.segment_run = stopped.segment_run and sizes.segment = stopped.segment
    where runs.segment_run <> $segment_run and runs.as_of <= $as_of
    group by sizes.segment
),

accepted as (
    select
        segment,
        min(members) as accepted_least,
        max(members) as accepted_most
    from segment.decisions
    where decided_at > $accepted_since
    group by segment
)

select
    sizes.segment,
    sizes.members,
    good.previous,
    accepted.accepted_least,
    accepted.accepted_most
from segment.sizes
left join good on sizes.segment = good.segment
left join accepted on sizes.segment = accepted.segment
where sizes.segment_run = $segment_run and list_contains($built::varchar[], sizes.segment);
