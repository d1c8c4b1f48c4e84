-- name: selected_count
-- owner: dispatch
-- grain: one row
-- params: none
-- purpose: The number of people in temp table selected.
select count(*) as people
from selected;
