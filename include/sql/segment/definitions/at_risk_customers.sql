-- name: at_risk_customers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: RFM cell of frequent buyers whose last purchase is long ago (frequency 4 and 5, recency 1 and 2).
select subscriber_id
from segment.features
where frequency_score >= 4 and recency_score <= 2;
