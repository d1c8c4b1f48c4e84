-- name: lost_customers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Customers without a purchase for more than twice their own window.
select subscriber_id
from segment.features
where lifecycle_stage = 'lost';
