-- name: scales_become_previous
-- owner: data
-- grain: none
-- params: none
-- purpose: Makes the features as they are those of the run before.
update segment.scales
set is_previous = true, is_whole = false;
