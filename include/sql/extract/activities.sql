-- name: activities
-- owner: data
-- grain: one row per activity
-- params: none
-- purpose: The default query of the relation `activities`, which is optional. A custom query replaces it; see
--          subscribers.sql.
select *
from activities;
