-- name: segment_history
-- owner: analytics
-- grain: one row per segment, subscriber and time in the segment
-- params: none
-- rebuild: by segments
-- purpose: From when until when each subscriber was in each segment; left_at is null for members of the newest run.
create or replace table marts.segment_history as
select
    segment,
    subscriber_id,
    entered_run,
    entered_at,
    left_run,
    left_at
from segment.spells
order by segment, entered_at, subscriber_id;
