-- name: points_collectors
-- owner: marketing
-- grain: one row per subscriber
-- params: points = 2500
-- purpose: Members of the loyalty programme with at least 2,500 points, by the attribute loyalty_points of the source.
select subscriber_id
from core.subscribers
where try_cast(attributes ->> 'loyalty_points' as integer) >= $points;
