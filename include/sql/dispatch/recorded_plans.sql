-- name: recorded_plans
-- owner: dispatch
-- grain: one row per plan
-- params: none
-- purpose: The plans that the warehouse has a copy of.
select plan_id
from dispatch.plans
order by plan_id;
