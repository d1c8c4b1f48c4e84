-- name: scales_previous_is_whole
-- owner: data
-- grain: none
-- params: none
-- purpose: Records that all facts of the run before are kept in segment.replaced_facts.
update segment.scales
set is_whole = true
where is_previous;
