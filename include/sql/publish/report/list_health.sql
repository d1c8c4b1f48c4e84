-- name: list_health
-- owner: analytics
-- grain: one row per day
-- params: none
-- purpose: The last 90 recorded days of the list, newest first.
select
    strftime(day, '%Y-%m-%d') as day,
    subscribers,
    subscribed,
    unsubscribed,
    pending,
    deleted,
    consented,
    suppressed,
    mailable,
    tracking_consented,
    engaged_30d,
    engaged_90d,
    dormant_180d
from marts.list_health
order by list_health.day desc
limit 90;
