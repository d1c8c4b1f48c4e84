-- name: bounce_days
-- owner: data
-- grain: one row per day
-- params: none
-- purpose: The days (UTC) of the bounces of changed messages.
select utc_day(occurred_at) as day
from events_before
where event = 'bounced'
union
select utc_day(occurred_at) as day
from events_after
where event = 'bounced';
