-- name: lapsing_customers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Customers whose last purchase is later than their own rhythm and who are not lost yet; the audience of the win-
--          back.
select subscriber_id
from segment.features
where lifecycle_stage = 'lapsing';
