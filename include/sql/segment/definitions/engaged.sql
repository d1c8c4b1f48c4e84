-- name: engaged
-- owner: marketing
-- grain: one row per subscriber
-- params: days = 90
-- purpose: People who opened (with tracking consent) or clicked a mail themselves in the last days; the base of engaged_30,
--          engaged_60 and engaged_90.
select subscriber_id
from segment.features
where days_since_engagement <= $days;
