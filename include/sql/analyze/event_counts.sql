-- name: event_counts
-- owner: data
-- grain: one row per day
-- params: none
-- rebuild: by event day
-- purpose: The events of each day (UTC) and their distinct dedup keys, for the sum checks. A dedup key covers the time of the
--          event, so that equal keys are on one day.
create or replace table build.event_counts as
select
    utc_day(occurred_at) as day,
    count(*) as events,
    count(distinct dedup_key) as dedup_keys,
    count(*) filter (where event = 'clicked' and verdict = 'human' and url is not null) as human_clicks
from temp.stored_events
group by utc_day(occurred_at);
