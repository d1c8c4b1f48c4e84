-- name: provider_totals
-- owner: data
-- grain: one row per campaign and event
-- params: none
-- purpose: Our counts of events against SendGrid's, for the days and categories whose totals were fetched. Need not hold:
--          events arrive later, SendGrid counts test sends too, and a provider may offer no totals.
with counted as (
    select
        category as campaign,
        metric,
        sum(value)::bigint as value,
        min(day) as first_day,
        max(day) as last_day
    from engagement.esp_totals
    where metric in ('delivered', 'bounces', 'spam_reports')
    group by category, metric
),

heard as (
    select
        campaign,
        case event when 'delivered' then 'delivered' when 'bounced' then 'bounces' else 'spam_reports' end as metric,
        utc_day(occurred_at) as day,
        count(*) as events
    from engagement.events
    where event = 'delivered' or event = 'complained' or (event = 'bounced' and bounce_class <> 'soft')
    group by all
)

select
    concat(counted.campaign, ' ', counted.metric) as scope,
    'events' as left_side,
    coalesce(sum(heard.events), 0)::bigint as left_value,
    'SendGrid''s totals' as right_side,
    counted.value as right_value,
    false as must_hold
from counted
left join heard
    on
        counted.campaign = heard.campaign
        and counted.metric = heard.metric
        and heard.day between counted.first_day and counted.last_day
group by counted.campaign, counted.metric, counted.value;
