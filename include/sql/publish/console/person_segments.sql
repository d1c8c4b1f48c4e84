-- name: person_segments
-- owner: analytics
-- grain: one row per segment and time in it of one subscriber
-- params: subscriber
-- purpose: From when until when a subscriber was in each segment, newest first.
select
    segment,
    entered_at,
    left_at
from marts.segment_history
where subscriber_id = $subscriber
order by segment_history.entered_at desc, segment asc
limit 500;
