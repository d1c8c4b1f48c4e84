-- name: lost_customers
-- owner: marketing
-- grain: one row a subscriber
-- params: none
-- purpose: Customers silent for more than twice their own window.
select subscriber_id
from segment.features
where lifecycle_stage = 'lost';
