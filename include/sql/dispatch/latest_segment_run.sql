-- name: latest_segment_run
-- owner: dispatch
-- grain: at most one row
-- params: segments
-- purpose: The newest run that built all of the segments (a segment that failed to build must not exclude nobody), with the sizes
--          at that time and the members that the warehouse knows as of it (none before the history that is kept).
with newest as (
    select
        run.segment_run,
        sum(size.members)::bigint as frozen_members
    from segment.runs as run
    inner join segment.sizes as size
        on run.segment_run = size.segment_run and list_contains($segments::varchar[], size.segment)
    group by run.segment_run, run.as_of, run.built_at
    having count(*) = len(list_distinct($segments::varchar[]))
    order by run.as_of desc, run.built_at desc
    limit 1
)

select
    segment_run,
    frozen_members,
    (
        select count(*)
        from segment.members_in((select newest.segment_run from newest), $segments)
    ) as members
from newest;
