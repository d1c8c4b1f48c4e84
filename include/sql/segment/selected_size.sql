-- name: selected_size
-- owner: data
-- grain: one row
-- params: segment
-- purpose: How many people a definition selected (temporary table selected_members).
select count(*) as members
from temp.selected_members
where segment = $segment;
