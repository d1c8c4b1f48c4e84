-- name: relations_missing
-- owner: data
-- grain: one row a relation
-- params: run
-- purpose: What the newest accepted pass before this one read and this one did not, since the source has no such table or files
--          any more. A pass of which a part was stopped tells nothing, for what comes after the stop is not judged.
with passes as (
    select
        landed_run,
        max(validated_at) as validated_at
    from quality.runs
    group by landed_run
    having bool_and(verdict = 'accepted')
),

before as (
    select earlier.landed_run
    from passes as earlier
    inner join passes as this on earlier.validated_at < this.validated_at
    where this.landed_run = $run
    order by earlier.validated_at desc
    limit 1
)

select runs.relation
from quality.runs as runs
inner join before on runs.landed_run = before.landed_run
where runs.relation not in (select relation from quality.runs where landed_run = $run)
order by runs.relation;
