-- name: deliverability_daily
-- owner: analytics
-- grain: one row per day of sending and mailbox provider
-- params: none
-- purpose: Deliverability over time: what became of the mail that was sent on one day (UTC) to one provider. People whose state
--          is not accepted but who have an event (a message in doubt that was delivered) count on the day of their plan.
create or replace table marts.deliverability_daily as
with counted as (
    select
        utc_day(coalesce(sent_at, planned_at)) as day,
        mailbox_provider,
        count(*) filter (where state = 'accepted') as accepted,
        count(delivered_at) as delivered,
        count(delivered_at) filter (where tracked) as delivered_tracked,
        count(*) filter (where bounce_class = 'hard') as bounced_hard,
        count(*) filter (where bounce_class = 'soft') as bounced_soft,
        count(*) filter (where bounce_class = 'other') as bounced_other,
        count(first_human_open_at) as human_opens,
        count(first_human_click_at) as human_clicks,
        count(*) filter (where first_human_open_at is not null and first_human_click_at is not null) as opened_and_clicked,
        count(unsubscribed_at) as unsubscribes,
        count(complained_at) as complaints
    from marts.sends
    where
        state = 'accepted'
        or coalesce(delivered_at, bounced_at, first_human_open_at, first_human_click_at, unsubscribed_at, complained_at)
        is not null
    group by all
)

select
    *,
    delivered / nullif(accepted, 0) as delivery_rate,
    bounced_hard / nullif(accepted, 0) as hard_bounce_rate,
    complaints / nullif(delivered, 0) as complaint_rate,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    opened_and_clicked / nullif(human_opens, 0) as click_to_open_rate
from counted
order by day, mailbox_provider;
