-- name: features_size
-- owner: data
-- grain: one row
-- params: none
-- purpose: The number of people with features, and the time as of which they were computed; null before the first run.
select
    count(*) as list_size,
    max(as_of) as as_of
from segment.features;
