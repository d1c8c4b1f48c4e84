-- name: features_unique
-- owner: data
-- grain: one row
-- params: none
-- purpose: Each subscriber has one row of features.
select
    'last segment run' as scope,
    'rows of segment.features' as left_side,
    count(*) as left_value,
    'distinct subscriber_id' as right_side,
    count(distinct subscriber_id) as right_value,
    true as must_hold
from segment.features;
