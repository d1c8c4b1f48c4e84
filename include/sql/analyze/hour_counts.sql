-- name: hour_counts
-- owner: data
-- grain: one row per campaign, occurrence and hour since it was planned
-- params: none
-- rebuild: by difference
-- groups: campaign, occurrence, hour
-- purpose: The moments of marts.campaign_hours.
create or replace table build.hour_counts as
with moments as (
    select
        campaign,
        occurrence,
        planned_at,
        unnest([
            { 'what': 'sent', 'at': if(state = 'accepted', sent_at, null) },
            { 'what': 'delivered', 'at': delivered_at },
            { 'what': 'opened', 'at': first_human_open_at },
            { 'what': 'clicked', 'at': first_human_click_at },
            { 'what': 'unsubscribed', 'at': unsubscribed_at }
        ]) as moment
    from temp.messages
    where coalesce(sent_at, delivered_at, first_human_open_at, first_human_click_at, unsubscribed_at) is not null
)

select
    campaign,
    occurrence,
    least(greatest((epoch_ms(moment.at) - epoch_ms(planned_at)) // 3600000, 0), 336)::integer as hour,
    count(*) as messages,
    count(*) filter (where moment.what = 'sent') as sent,
    count(*) filter (where moment.what = 'delivered') as delivered,
    count(*) filter (where moment.what = 'opened') as human_opens,
    count(*) filter (where moment.what = 'clicked') as human_clicks,
    count(*) filter (where moment.what = 'unsubscribed') as unsubscribes
from moments
where moment.at is not null
group by all;
