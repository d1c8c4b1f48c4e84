-- name: lapsing_customers
-- owner: marketing
-- grain: one row a subscriber
-- params: none
-- purpose: Customers later than their own rhythm, but not lost yet; the win-back is written for them.
select subscriber_id
from segment.features
where lifecycle_stage = 'lapsing';
