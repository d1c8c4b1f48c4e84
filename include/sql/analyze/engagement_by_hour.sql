-- name: engagement_by_hour
-- owner: analytics
-- grain: one row per campaign, weekday and hour
-- params: none
-- purpose: When mail arrives and when people open and click, on the recipient's own clock (UTC where the time zone is not
--          known). Each message counts once, at its first delivery, open and click. Counted by quarter of an hour before it is
--          converted: no time zone differs by less, and conversions are dear.
create or replace table marts.engagement_by_hour as
with moments as (
    select
        sends.campaign,
        people.timezone,
        unnest([
            { 'what': 'delivered', 'at': sends.delivered_at },
            { 'what': 'opened', 'at': sends.first_human_open_at },
            { 'what': 'clicked', 'at': sends.first_human_click_at }
        ]) as moment
    from marts.sends as sends
    left join marts.subscribers as people on sends.subscriber_id = people.subscriber_id
    where sends.delivered_at is not null or sends.first_human_open_at is not null or sends.first_human_click_at is not null
),

quarters as (
    select
        campaign,
        timezone,
        moment.what,
        epoch_ms(moment.at) // 900000 as quarter,
        count(*) as messages
    from moments
    where moment.at is not null
    group by all
),

clocks as (
    select
        campaign,
        what,
        messages,
        coalesce(
            try(timezone(timezone, make_timestamptz(quarter * 900000000))), make_timestamp(quarter * 900000000)
        ) as local_time
    from quarters
)

select
    campaign,
    isodow(local_time)::integer as weekday,
    hour(local_time)::integer as hour,
    coalesce(sum(messages) filter (where what = 'delivered'), 0)::bigint as delivered,
    coalesce(sum(messages) filter (where what = 'opened'), 0)::bigint as human_opens,
    coalesce(sum(messages) filter (where what = 'clicked'), 0)::bigint as human_clicks
from clocks
group by all
order by campaign, weekday, hour;
