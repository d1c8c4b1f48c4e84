-- name: relations_missing
-- owner: data
-- grain: one row per relation
-- params: run
-- purpose: Relations that the previous accepted pass read and this pass did not, because the source no longer has the table
--          or files. A pass with a stopped relation returns nothing, since the relations after the stop were not validated.
with passes as (
    select
        landed_run,
        max(validated_at) as validated_at
    from quality.runs
    group by landed_run
    having bool_and(verdict = 'accepted')
),

previous as (
    select earlier.landed_run
    from passes as earlier
    inner join passes as this on earlier.validated_at < this.validated_at
    where this.landed_run = $run
    order by earlier.validated_at desc
    limit 1
)

select runs.relation
from quality.runs as runs
inner join previous on runs.landed_run = previous.landed_run
where
    runs.relation not in (
        select relation
        from quality.runs
        where landed_run = $run
    )
order by runs.relation;
