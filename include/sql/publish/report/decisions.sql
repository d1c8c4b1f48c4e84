-- name: decisions
-- owner: analytics
-- grain: one row per decision
-- params: none
-- purpose: The last 40 decisions of people about campaigns and journeys, the newest first.
select
    strftime(decided_at, '%Y-%m-%d %H:%M') as decided_at,
    replace(action, '_', ' ') as action,
    coalesce(campaign || ' ' || occurrence, journey, 'a plan that was not made') as about,
    decided_by,
    note
from marts.decisions
order by marts.decisions.decided_at desc
limit 40;
