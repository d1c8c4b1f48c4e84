-- name: replenishment_due
-- owner: marketing
-- grain: one row per subscriber
-- params: tolerance = 0.2
-- purpose: Customers whose next purchase is due by their own rhythm: the time since the last one is their usual gap, give or
--          take 20 percent.
select subscriber_id
from segment.features
where
    purchase_days >= 3
    and purchase_gap_days >= 7
    and days_since_purchase between purchase_gap_days * (1 - $tolerance) and purchase_gap_days * (1 + $tolerance);
