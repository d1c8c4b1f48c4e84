-- name: selected_size
-- owner: data
-- grain: one row
-- params: segment
-- purpose: How many people a definition selected.
select count(*) as members
from temp.selected_membership
where segment = $segment;
