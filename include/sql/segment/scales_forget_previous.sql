-- name: scales_forget_previous
-- owner: data
-- grain: none
-- params: none
-- purpose: Deletes the scales of the run before, whose place the present ones take.
delete from segment.scales
where is_previous;
