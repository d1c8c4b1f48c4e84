-- name: tenure_counts
-- owner: data
-- grain: one row per month of sending and month of tenure
-- params: none
-- rebuild: by difference
-- groups: month, tenure_months
-- purpose: The messages of marts.engagement_by_tenure.
create or replace table build.tenure_counts as
select
    date_trunc('month', utc_day(coalesce(sent_at, planned_at)))::date as month,
    greatest(datediff('month', utc_day(joined_at), utc_day(coalesce(sent_at, planned_at))), 0)::integer as tenure_months,
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
