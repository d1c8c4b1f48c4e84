-- name: 395_previous_activity_counts_dropped
-- owner: data
-- grain: none
-- params: none
-- purpose: The table of the activity counts of the run before, which a view takes the place of.
drop table segment.previous_activity_counts;
