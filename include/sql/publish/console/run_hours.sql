-- name: run_hours
-- owner: analytics
-- grain: one row per hour of a campaign occurrence in which anything happened; after a day, per 12 hours
-- params: campaign, occurrence
-- purpose: People up to and with each hour since the plan was frozen.
select
    hour,
    sum(sent) over (order by hour)::bigint as sent,
    sum(delivered) over (order by hour)::bigint as delivered,
    sum(human_opens) over (order by hour)::bigint as human_opens,
    sum(human_clicks) over (order by hour)::bigint as human_clicks
from marts.campaign_hours
where campaign = $campaign and occurrence = $occurrence
qualify hour < 24 or row_number() over (partition by hour // 12 order by hour desc) = 1
order by hour;
