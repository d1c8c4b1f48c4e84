-- name: time_to_engage
-- owner: analytics
-- grain: one row per campaign, occurrence and action
-- params: none
-- rebuild: by engaged occurrence
-- purpose: How long after delivery people open and click for the first time, as percentiles in hours, rounded: between equal
--          values, interpolation differs in the last digit. An open or click before the delivery was reported counts as 0.
create or replace table marts.time_to_engage as
with actions as (
    select
        campaign,
        occurrence,
        delivered_at,
        unnest([
            { 'action': 'open', 'at': first_human_open_at },
            { 'action': 'click', 'at': first_human_click_at }
        ]) as acted
    from temp.sends
    where delivered_at is not null
),

hours as (
    select
        campaign,
        occurrence,
        acted.action,
        greatest(epoch_ms(acted.at) - epoch_ms(delivered_at), 0) / 3600000 as hours
    from actions
    where acted.at is not null
),

measured as (
    select
        campaign,
        occurrence,
        action,
        count(*) as people,
        list_transform(
            quantile_cont(hours, [0.1, 0.25, 0.5, 0.75, 0.9, 0.99]), lambda hour: round(hour, 6)
        ) as quantiles,
        count(*) filter (where hours <= 1) / count(*) as within_1_hour,
        count(*) filter (where hours <= 24) / count(*) as within_24_hours
    from hours
    group by campaign, occurrence, action
)

select
    campaign,
    occurrence,
    action,
    people,
    quantiles[1] as p10_hours,
    quantiles[2] as p25_hours,
    quantiles[3] as median_hours,
    quantiles[4] as p75_hours,
    quantiles[5] as p90_hours,
    quantiles[6] as p99_hours,
    within_1_hour,
    within_24_hours
from measured
order by campaign, occurrence, action;
