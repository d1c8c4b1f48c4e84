-- name: event_days
-- owner: data
-- grain: one row per day
-- params: none
-- purpose: The days (UTC) of the events that differ.
select distinct utc_day(occurred_at) as day
from differing_events;
