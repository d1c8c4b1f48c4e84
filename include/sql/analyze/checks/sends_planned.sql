-- name: sends_planned
-- owner: data
-- grain: one row
-- params: none
-- purpose: Every send has a plan; without one it would be missing in the sum of every campaign.
select
    'all sends' as scope,
    'rows of dispatch.sends' as left_side,
    count(*) as left_value,
    'rows with a plan' as right_side,
    count(plans.plan_id) as right_value,
    true as must_hold
from dispatch.sends
left join dispatch.plans using (plan_id);
