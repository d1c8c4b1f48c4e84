-- name: delivery_day_counts
-- owner: data
-- grain: one row per day of sending and mailbox provider
-- params: none
-- rebuild: by difference
-- groups: day, mailbox_provider
-- purpose: The people of marts.deliverability_daily.
create or replace table build.delivery_day_counts as
select
    utc_day(coalesce(sent_at, planned_at)) as day,
    mailbox_provider,
    count(*) as messages,
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
from temp.messages
where
    state = 'accepted'
    or coalesce(delivered_at, bounced_at, first_human_open_at, first_human_click_at, unsubscribed_at, complained_at)
    is not null
group by all;
