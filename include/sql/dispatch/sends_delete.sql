-- name: sends_delete
-- owner: dispatch
-- grain: none
-- params: plan_id
-- purpose: First half of the replacement of a plan's sends, in one transaction with sends_insert.
delete from dispatch.sends
where plan_id = $plan_id;
