-- name: mail_adds_up
-- owner: analytics
-- grain: one row per sum
-- params: none
-- purpose: The marts that cut the mail by day, provider, hour, tenure or frequency count each message once, as the campaign report
--          does; and each click on a link and each bounce is in its mart.
with report as (
    select
        coalesce(sum(accepted), 0)::bigint as accepted,
        coalesce(sum(delivered), 0)::bigint as delivered,
        coalesce(sum(bounced_hard + bounced_soft + bounced_other), 0)::bigint as bounced,
        coalesce(sum(human_clicks), 0)::bigint as human_clicks
    from marts.campaign_performance
),

bounced as (
    select message_key
    from engagement.events
    where event = 'bounced'
),

sent as (
    select message_key
    from dispatch.sends
    semi join (
        from bounced
        where message_key <> ''
    ) as keys using (message_key)
),

sums as (
    select
        'marts.deliverability_daily, accepted' as scope,
        (select sum(accepted) from marts.deliverability_daily) as found,
        report.accepted as expected
    from report
    union all
    select
        'marts.deliverability_daily, delivered' as scope,
        (select sum(delivered) from marts.deliverability_daily) as found,
        report.delivered as expected
    from report
    union all
    select
        'marts.deliverability_daily, bounced' as scope,
        (select sum(bounced_hard + bounced_soft + bounced_other) from marts.deliverability_daily) as found,
        report.bounced as expected
    from report
    union all
    select
        'marts.deliverability_daily, human_clicks' as scope,
        (select sum(human_clicks) from marts.deliverability_daily) as found,
        report.human_clicks as expected
    from report
    union all
    select
        'marts.engagement_by_hour, delivered' as scope,
        (select sum(delivered) from marts.engagement_by_hour) as found,
        report.delivered as expected
    from report
    union all
    select
        'marts.engagement_by_tenure, accepted' as scope,
        (select sum(accepted) from marts.engagement_by_tenure) as found,
        report.accepted as expected
    from report
    union all
    select
        'marts.frequency_fatigue, accepted' as scope,
        (select sum(accepted) from marts.frequency_fatigue) as found,
        report.accepted as expected
    from report
    union all
    select
        'marts.link_performance, human_clicks' as scope,
        (select sum(human_clicks) from marts.link_performance) as found,
        (select sum(human_clicks) from build.event_counts) as expected
    union all
    select
        'marts.bounces_daily, bounces' as scope,
        (select sum(bounces) from marts.bounces_daily) as found,
        (
            select count(*)
            from bounced
            semi join sent on bounced.message_key = sent.message_key
        ) as expected
)

select
    scope,
    'sum of the mart' as left_side,
    coalesce(found, 0)::bigint as left_value,
    'messages or events' as right_side,
    coalesce(expected, 0)::bigint as right_value,
    true as must_hold
from sums;
