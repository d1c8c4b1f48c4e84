-- name: champions
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: RFM cell of the best customers: recent, frequent and high revenue (scores 4 and 5 in all three).
select subscriber_id
from segment.features
where
    recency_score >= 4
    and frequency_score >= 4
    and monetary_score >= 4;
