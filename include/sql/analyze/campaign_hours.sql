-- name: campaign_hours
-- owner: analytics
-- grain: one row per campaign, occurrence and hour since it was planned in which anything happened for the first time
-- params: none
-- purpose: The course of a campaign: people whose message was accepted, delivered, opened or clicked for the first time in each
--          hour since the plan was frozen. After 14 days only the last hour, 336, which has everything later.
create or replace table marts.campaign_hours as
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
    from marts.sends
    where coalesce(sent_at, delivered_at, first_human_open_at, first_human_click_at, unsubscribed_at) is not null
)

select
    campaign,
    occurrence,
    least(greatest((epoch_ms(moment.at) - epoch_ms(planned_at)) // 3600000, 0), 336)::integer as hour,
    count(*) filter (where moment.what = 'sent') as sent,
    count(*) filter (where moment.what = 'delivered') as delivered,
    count(*) filter (where moment.what = 'opened') as human_opens,
    count(*) filter (where moment.what = 'clicked') as human_clicks,
    count(*) filter (where moment.what = 'unsubscribed') as unsubscribes
from moments
where moment.at is not null
group by all
order by all;
