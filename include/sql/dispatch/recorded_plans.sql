-- name: recorded_plans
-- owner: dispatch
-- grain: one row per plan
-- params: none
-- purpose: The plans that have a copy in the warehouse.
select plan_id
from dispatch.plans
order by plan_id;
