-- name: 394_previous_features_dropped
-- owner: data
-- grain: none
-- params: none
-- purpose: The table of the features of the run before, which a view takes the place of.
drop table segment.previous_features;
