-- name: recorded_ledger_mark
-- owner: dispatch
-- grain: at most one row
-- params: plan_id
-- purpose: The ledger state from which the warehouse's copy of a plan was made.
select ledger_mark
from dispatch.plans
where plan_id = $plan_id;
