-- name: 393_activity_counts_dropped
-- owner: data
-- grain: none
-- params: none
-- purpose: The table of the activity counts, which a view takes the place of.
drop table segment.activity_counts;
