-- name: 392_features_dropped
-- owner: data
-- grain: none
-- params: none
-- purpose: The table of the features, which a view takes the place of.
drop table segment.features;
