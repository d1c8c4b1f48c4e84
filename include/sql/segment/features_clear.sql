-- name: features_clear
-- owner: data
-- grain: none
-- params: none
-- purpose: Empty the features before they are computed anew, in the same transaction.
truncate segment.features;
