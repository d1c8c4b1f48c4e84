-- name: engaged_60
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: People who opened or clicked a mail in the last 60 days.
select subscriber_id
from segment.engaged(days := 60);
