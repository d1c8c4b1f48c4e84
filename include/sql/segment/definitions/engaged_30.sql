-- name: engaged_30
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: People who opened or clicked a mail in the last 30 days: the safest audience, for warm-up and for a bad week at a
--          provider.
select subscriber_id
from segment.engaged(days := 30);
