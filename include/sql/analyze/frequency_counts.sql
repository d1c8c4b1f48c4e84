-- name: frequency_counts
-- owner: data
-- grain: one row per month of sending and number of mails in the 30 days before
-- params: none
-- rebuild: by difference
-- groups: month, mails_before
-- purpose: The messages of marts.frequency_fatigue.
create or replace table build.frequency_counts as
select
    date_trunc('month', utc_day(coalesce(sent_at, planned_at)))::date as month,
    least(mails_before, 30)::integer as mails_before,
    count(*) as messages,
    count(delivered_at) as delivered,
    count(delivered_at) filter (where tracked) as delivered_tracked,
    count(first_human_open_at) as human_opens,
    count(first_human_click_at) as human_clicks,
    count(unsubscribed_at) as unsubscribes,
    count(complained_at) as complaints
from temp.messages
where state = 'accepted'
group by all;
