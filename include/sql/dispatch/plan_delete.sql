-- name: plan_delete
-- owner: dispatch
-- grain: none
-- params: plan_id
-- purpose: First of three steps that replace the warehouse's copy of a plan, in one transaction.
delete from dispatch.plans
where plan_id = $plan_id;
