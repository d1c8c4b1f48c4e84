-- name: deliverability_daily
-- owner: analytics
-- grain: one row per day of sending and mailbox provider
-- params: none
-- purpose: Deliverability over time: what became of the mail that was sent on one day (UTC) to one provider. People whose state
--          is not accepted but who have an event (a message in doubt that was delivered) count on the day of their plan.
create or replace table marts.deliverability_daily as
select
    * exclude (messages),
    delivered / nullif(accepted, 0) as delivery_rate,
    bounced_hard / nullif(accepted, 0) as hard_bounce_rate,
    complaints / nullif(delivered, 0) as complaint_rate,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    opened_and_clicked / nullif(human_opens, 0) as click_to_open_rate
from build.delivery_day_counts
order by day, mailbox_provider;
