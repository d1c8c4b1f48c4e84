-- name: scales_delete
-- owner: data
-- grain: none
-- params: none
-- purpose: Deletes the scales of the features that are computed again.
delete from segment.scales
where not is_previous;
