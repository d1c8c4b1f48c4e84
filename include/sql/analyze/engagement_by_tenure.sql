-- name: engagement_by_tenure
-- owner: analytics
-- grain: one row per month of sending and month of tenure
-- params: none
-- purpose: How engagement decays with the time since a person joined: each accepted message by the calendar months between
--          joining and sending; null for people of whom it is not known. Messages sent before joining (a confirmation) count
--          as month 0.
create or replace table marts.engagement_by_tenure as
select
    * rename (messages as accepted),
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    unsubscribes / nullif(delivered, 0) as unsubscribe_rate,
    complaints / nullif(delivered, 0) as complaint_rate
from build.tenure_counts
order by month, tenure_months;
