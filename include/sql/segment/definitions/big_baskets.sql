-- name: big_baskets
-- owner: marketing
-- grain: one row per subscriber
-- params: above = 50
-- purpose: Customers whose average order is above an amount in the shop's currency.
select subscriber_id
from segment.features
where average_order > $above;
