-- name: recorded_ledger_mark
-- owner: dispatch
-- grain: at most one row
-- params: plan_id
-- purpose: The state of the ledger that the warehouse's copy of a plan was made from.
select ledger_mark
from dispatch.plans
where plan_id = $plan_id;
