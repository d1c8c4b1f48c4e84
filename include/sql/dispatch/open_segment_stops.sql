-- name: open_segment_stops
-- owner: dispatch
-- grain: one row per stopped segment
-- params: segments
-- purpose: Which of the segments are stopped now: in the newest run that built the segment or failed to, unless somebody accepted
--          that size. A definition that cannot be built stops the segment with whatever parameters.
with wanted as (
    select
        name as segment,
        split_part(name, '(', 1) as definition
    from (select unnest($segments::varchar[]) as name) as names
),

tried as (
    select
        wanted.segment,
        runs.segment_run,
        runs.as_of,
        runs.built_at,
        stops.cause,
        stops.kind,
        stops.what
    from wanted
    inner join segment.stops
        on wanted.segment = stops.segment or (wanted.definition = stops.segment and stops.kind = 'broken')
    inner join segment.runs on stops.segment_run = runs.segment_run
    anti join segment.decisions on stops.segment_run = decisions.segment_run and stops.cause = decisions.segment

    union all

    select
        sizes.segment,
        runs.segment_run,
        runs.as_of,
        runs.built_at,
        null as cause,
        null as kind,
        null as what
    from segment.sizes
    inner join segment.runs on sizes.segment_run = runs.segment_run
    where list_contains($segments::varchar[], sizes.segment)
),

ranked as (
    select
        tried.*,
        row_number() over (
            partition by tried.segment
            order by tried.as_of desc, tried.built_at desc, tried.kind asc nulls last
        ) as place
    from tried
)

select
    segment,
    segment_run,
    cause,
    kind,
    what
from ranked
where place = 1 and kind is not null
order by segment;
