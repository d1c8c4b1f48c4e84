-- name: big_spenders
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: The fifth of all customers with the highest revenue.
select subscriber_id
from segment.features
where monetary_score = 5;
