-- name: sends_delete
-- owner: dispatch
-- grain: none
-- params: plan_id
-- purpose: Deletes a plan's sends before they are inserted again, in the same transaction.
delete from dispatch.sends
where plan_id = $plan_id;
