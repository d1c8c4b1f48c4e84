-- name: plan_delete
-- owner: dispatch
-- grain: none
-- params: plan_id
-- purpose: Deletes the warehouse's copy of a plan before it is inserted again, in the same transaction.
delete from dispatch.plans
where plan_id = $plan_id;
