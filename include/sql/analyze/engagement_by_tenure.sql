-- name: engagement_by_tenure
-- owner: analytics
-- grain: one row per month of sending and month of tenure
-- params: none
-- purpose: How engagement decays with the time since a person joined: each accepted message by the calendar months between
--          joining and sending; null for people of whom it is not known. Messages sent before joining (a confirmation) count
--          as month 0.
create or replace table marts.engagement_by_tenure as
with counted as (
    select
        date_trunc('month', utc_day(coalesce(sends.sent_at, sends.planned_at)))::date as month,
        greatest(
            datediff('month', utc_day(people.joined_at), utc_day(coalesce(sends.sent_at, sends.planned_at))), 0
        )::integer as tenure_months,
        count(*) as accepted,
        count(sends.delivered_at) as delivered,
        count(sends.delivered_at) filter (where sends.tracked) as delivered_tracked,
        count(sends.first_human_open_at) as human_opens,
        count(sends.first_human_click_at) as human_clicks,
        count(sends.unsubscribed_at) as unsubscribes,
        count(sends.complained_at) as complaints
    from marts.sends as sends
    left join marts.subscribers as people on sends.subscriber_id = people.subscriber_id
    where sends.state = 'accepted'
    group by all
)

select
    *,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    unsubscribes / nullif(delivered, 0) as unsubscribe_rate,
    complaints / nullif(delivered, 0) as complaint_rate
from counted
order by month, tenure_months;
