-- name: churn_risk
-- owner: marketing
-- grain: one row per subscriber
-- params: late_by = 1.5
-- purpose: Customers who are later than their own rhythm says: the last purchase is more than 1.5 times their usual gap ago,
--          and they are not lost yet.
select subscriber_id
from segment.features
where
    purchase_days >= 3
    and days_since_purchase > $late_by * greatest(purchase_gap_days, 1)
    and lifecycle_stage <> 'lost';
