-- name: hibernating_customers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: RFM cell of rare buyers whose last purchase is long ago (frequency and recency 1 and 2): seldom worth a discount.
select subscriber_id
from segment.features
where frequency_score <= 2 and recency_score <= 2;
