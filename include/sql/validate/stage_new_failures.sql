-- name: stage_new_failures
-- owner: data
-- grain: one row per rule
-- params: relation, run
-- purpose: The rules that a check of a stage broke and the check before it did not, for alerts.
with checks as (
    select
        landed_run,
        max(checked_at) as checked_at
    from quality.results
    where relation = $relation
    group by landed_run
),

previous as (
    select arg_max(checks.landed_run, checks.checked_at) as landed_run
    from checks
    inner join checks as this on checks.checked_at < this.checked_at
    where this.landed_run = $run
)

select distinct expectation as rule
from quality.results
where
    relation = $relation
    and landed_run = $run
    and not success
    and expectation not in (
        select results.expectation
        from quality.results as results
        inner join previous using (landed_run)
        where results.relation = $relation and not results.success
    )
order by rule;
