-- name: repeat_buyers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Customers who have bought on two days or more.
select subscriber_id
from segment.features
where purchase_days >= 2;
