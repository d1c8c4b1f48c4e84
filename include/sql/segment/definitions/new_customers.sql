-- name: new_customers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Customers with one day of purchase, at most 30 days ago: say thank you, and nothing about discounts.
select subscriber_id
from segment.features
where lifecycle_stage = 'new';
