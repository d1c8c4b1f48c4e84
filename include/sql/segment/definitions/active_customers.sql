-- name: active_customers
-- owner: marketing
-- grain: one row a subscriber
-- params: none
-- purpose: Customers who buy within their own rhythm: new, active and loyal ones.
select subscriber_id
from segment.features
where lifecycle_stage in ('new', 'active', 'loyal');
