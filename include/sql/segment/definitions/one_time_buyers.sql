-- name: one_time_buyers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Customers who have bought on one day only, however many orders that were.
select subscriber_id
from segment.features
where purchase_days = 1;
