-- name: sunset_soon
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: People whose last sign of life (open, click, purchase, sign-up) was 91 to 180 days ago: soon they are dormant and
--          get no more mail. The audience of a last good reason to stay.
select subscriber_id
from segment.features
where engagement_level = 'cooling';
