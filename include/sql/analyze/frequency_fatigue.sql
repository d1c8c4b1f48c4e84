-- name: frequency_fatigue
-- owner: analytics
-- grain: one row per month of sending and number of mails in the 30 days before
-- params: none
-- purpose: Whether people who get more mail engage less: each accepted message by how many other messages the same person got in
--          the 30 days (720 hours) before it; 30 stands for 30 and more. It shows a relation and no cause: who is mailed more
--          often is chosen.
create or replace table marts.frequency_fatigue as
with mails as (
    select
        date_trunc('month', utc_day(coalesce(sent_at, planned_at)))::date as month,
        delivered_at,
        tracked,
        first_human_open_at,
        first_human_click_at,
        unsubscribed_at,
        complained_at,
        count(*) over (
            partition by subscriber_id
            order by epoch_ms(coalesce(sent_at, planned_at)) range between 2592000000 preceding and current row
        ) - 1 as mails_before
    from marts.sends
    where state = 'accepted'
),

counted as (
    select
        month,
        least(mails_before, 30)::integer as mails_before,
        count(*) as accepted,
        count(delivered_at) as delivered,
        count(delivered_at) filter (where tracked) as delivered_tracked,
        count(first_human_open_at) as human_opens,
        count(first_human_click_at) as human_clicks,
        count(unsubscribed_at) as unsubscribes,
        count(complained_at) as complaints
    from mails
    group by all
)

select
    *,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    unsubscribes / nullif(delivered, 0) as unsubscribe_rate,
    complaints / nullif(delivered, 0) as complaint_rate
from counted
order by month, mails_before;
