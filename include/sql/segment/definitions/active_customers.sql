-- name: active_customers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Customers who buy within their own rhythm: lifecycle stages new, active and loyal.
select subscriber_id
from segment.features
where lifecycle_stage in ('new', 'active', 'loyal');
