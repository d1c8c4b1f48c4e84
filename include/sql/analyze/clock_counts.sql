-- name: clock_counts
-- owner: data
-- grain: one row per campaign, weekday and hour
-- params: none
-- rebuild: by difference
-- groups: campaign, weekday, hour
-- purpose: The moments of marts.engagement_by_hour. Counted by quarter of an hour before they are converted: no time zone
--          differs by less, and conversions are dear.
create or replace table build.clock_counts as
with moments as (
    select
        campaign,
        timezone,
        unnest([
            { 'what': 'delivered', 'at': delivered_at },
            { 'what': 'opened', 'at': first_human_open_at },
            { 'what': 'clicked', 'at': first_human_click_at }
        ]) as moment
    from temp.messages
    where delivered_at is not null or first_human_open_at is not null or first_human_click_at is not null
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
    sum(messages)::bigint as messages,
    coalesce(sum(messages) filter (where what = 'delivered'), 0)::bigint as delivered,
    coalesce(sum(messages) filter (where what = 'opened'), 0)::bigint as human_opens,
    coalesce(sum(messages) filter (where what = 'clicked'), 0)::bigint as human_clicks
from clocks
group by all;
