-- name: service_levels
-- owner: analytics
-- grain: one row per day and service level objective
-- params: none
-- purpose: The error budget of each objective. The budget is what may be bad of all that is counted over 28 days; a burn
--          rate of 1 uses it up in exactly that time. From the Arrow table objective_rows: the file of the objectives.
create or replace table marts.service_levels as
with counted as (
    select
        days.day,
        days.objective,
        days.good,
        days.total,
        objectives.title,
        objectives.target,
        days.total - days.good as bad,
        1 - objectives.target as allowed
    from core.service_level_days as days
    inner join objective_rows as objectives using (objective)
    where days.total > 0
),

summed as (
    select
        *,
        sum(bad) over month as bad_28d,
        sum(total) over month as total_28d,
        sum(bad) over week as bad_7d,
        sum(total) over week as total_7d
    from counted
    window
        month as (partition by objective order by day range between interval 27 days preceding and current row),
        week as (partition by objective order by day range between interval 6 days preceding and current row)
)

select
    day,
    objective,
    title,
    target,
    good,
    total,
    good / total as good_rate,
    allowed * total_28d as budget,
    bad_28d::bigint as spent,
    1 - bad_28d / (allowed * total_28d) as budget_left,
    bad / total / allowed as burn_rate_1d,
    bad_7d / total_7d / allowed as burn_rate_7d
from summed
order by day, objective;
