-- name: potential_loyalists
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: RFM cell of recent buyers with some purchases (recency 4 and 5, frequency 2 and 3), who may become loyal.
select subscriber_id
from segment.features
where recency_score >= 4 and frequency_score between 2 and 3;
