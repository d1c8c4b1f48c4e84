-- name: selected_by_id
-- owner: dispatch
-- grain: one row per test recipient (temp table selected)
-- params: recipients
-- purpose: The recipients of a test send, by subscriber id.
create or replace temp table selected as
select distinct unnest($recipients::varchar[]) as subscriber_id;
