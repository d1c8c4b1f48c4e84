-- name: loyal_customers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Active customers who buy more often than most: three days with a purchase or more, frequency score 4 or 5.
select subscriber_id
from segment.features
where lifecycle_stage = 'loyal';
