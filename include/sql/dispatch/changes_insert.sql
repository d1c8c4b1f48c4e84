-- name: changes_insert
-- owner: dispatch
-- grain: one row
-- params: plan_id
-- purpose: Tell the next build of the marts that the copy of a plan was replaced.
insert into build.changes by name
select $plan_id as plan_id;
