-- name: touched_count
-- owner: data
-- grain: one row
-- params: none
-- purpose: How many messages are to be judged.
select count(*) as messages from touched;
