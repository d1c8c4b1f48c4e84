-- name: sends_planned
-- owner: data
-- grain: one row
-- params: none
-- purpose: Every send has a plan; without one it would be missing in the sum of every campaign.
select
    'all sends' as scope,
    'rows of dispatch.sends' as left_side,
    coalesce(sum(keys.sends), 0)::bigint as left_value,
    'rows with a plan' as right_side,
    coalesce(sum(keys.sends) filter (where plans.plan_id is not null), 0)::bigint as right_value,
    true as must_hold
from build.send_keys as keys
left join dispatch.plans as plans on keys.plan_id = plans.plan_id;
