-- name: engagement_marts_checks
-- owner: data
-- grain: one row per mart
-- params: none
-- purpose: As marts_checks, for the marts that cut engagement by day, provider, hour, tenure, frequency and link.
with rates as (
    select
        'deliverability_daily' as item,
        unnest([
            { 'rate': delivery_rate, 'part': delivered, 'whole': accepted },
            { 'rate': hard_bounce_rate, 'part': bounced_hard, 'whole': accepted },
            { 'rate': complaint_rate, 'part': complaints, 'whole': delivered },
            { 'rate': human_open_rate, 'part': human_opens, 'whole': delivered_tracked },
            { 'rate': human_click_rate, 'part': human_clicks, 'whole': delivered_tracked },
            { 'rate': click_to_open_rate, 'part': opened_and_clicked, 'whole': human_opens }
        ]) as ratio
    from marts.deliverability_daily
    union all
    select
        'frequency_fatigue' as item,
        unnest([
            { 'rate': human_open_rate, 'part': human_opens, 'whole': delivered_tracked },
            { 'rate': human_click_rate, 'part': human_clicks, 'whole': delivered_tracked },
            { 'rate': unsubscribe_rate, 'part': unsubscribes, 'whole': delivered },
            { 'rate': complaint_rate, 'part': complaints, 'whole': delivered }
        ]) as ratio
    from marts.frequency_fatigue
    union all
    select
        'engagement_by_tenure' as item,
        unnest([
            { 'rate': human_open_rate, 'part': human_opens, 'whole': delivered_tracked },
            { 'rate': human_click_rate, 'part': human_clicks, 'whole': delivered_tracked },
            { 'rate': unsubscribe_rate, 'part': unsubscribes, 'whole': delivered },
            { 'rate': complaint_rate, 'part': complaints, 'whole': delivered }
        ]) as ratio
    from marts.engagement_by_tenure
    union all
    select
        'link_performance' as item,
        { 'rate': share_of_clickers, 'part': people, 'whole': people } as ratio
    from marts.link_performance
    union all
    select
        'time_to_engage' as item,
        unnest([
            { 'rate': within_1_hour, 'part': 0, 'whole': people },
            { 'rate': within_24_hours, 'part': 0, 'whole': people }
        ]) as ratio
    from marts.time_to_engage
),

facts as (
    select
        'deliverability_daily' as item,
        concat_ws(' ', day, mailbox_provider) as row_key,
        delivered_tracked > delivered or opened_and_clicked > least(human_opens, human_clicks) as is_broken,
        least(accepted, delivered, bounced_hard, bounced_soft, bounced_other, complaints, unsubscribes) < 0 as is_negative
    from marts.deliverability_daily
    union all
    select
        'bounces_daily' as item,
        concat_ws('|', day, mailbox_provider, bounce_class, bounce_classification, coalesce(smtp_status, '-')) as row_key,
        people > bounces as is_broken,
        least(people, bounces) < 0 as is_negative
    from marts.bounces_daily
    union all
    select
        'frequency_fatigue' as item,
        concat_ws(' ', month, mails_before) as row_key,
        delivered_tracked > delivered as is_broken,
        least(accepted, delivered, human_opens, human_clicks, unsubscribes, complaints, mails_before) < 0 as is_negative
    from marts.frequency_fatigue
    union all
    select
        'engagement_by_tenure' as item,
        concat_ws(' ', month, coalesce(tenure_months, -1)) as row_key,
        delivered_tracked > delivered as is_broken,
        least(accepted, delivered, human_opens, human_clicks, unsubscribes, complaints, tenure_months) < 0 as is_negative
    from marts.engagement_by_tenure
    union all
    select
        'engagement_by_hour' as item,
        concat_ws(' ', campaign, weekday, hour) as row_key,
        weekday not between 1 and 7 or hour not between 0 and 23 as is_broken,
        least(delivered, human_opens, human_clicks) < 0 as is_negative
    from marts.engagement_by_hour
    union all
    select
        'link_performance' as item,
        concat_ws(' ', campaign, occurrence, url) as row_key,
        people > human_clicks as is_broken,
        least(human_clicks, machine_clicks, people) < 0 as is_negative
    from marts.link_performance
    union all
    select
        'time_to_engage' as item,
        concat_ws(' ', campaign, occurrence, action) as row_key,
        not p10_hours <= p25_hours or not p25_hours <= median_hours or not median_hours <= p75_hours
        or not p75_hours <= p90_hours or not p90_hours <= p99_hours as is_broken,
        p10_hours < 0 as is_negative
    from marts.time_to_engage
),

rated as (
    select
        item,
        count(*) filter (
            where not isfinite(ratio.rate) or ratio.rate < 0 or (ratio.rate > 1 and ratio.part <= ratio.whole)
        ) as impossible_rates,
        count(*) filter (where ratio.rate > 1 and ratio.part > ratio.whole) as rates_over_one
    from rates
    group by item
),

keyed as (
    select
        item,
        count(*) as copies,
        count(*) filter (where is_broken) as broken_sums,
        count(*) filter (where is_negative) as negative_counts
    from facts
    group by item, row_key
)

select
    coalesce(keyed.item, rated.item) as item,
    coalesce(sum(keyed.broken_sums), 0)::bigint as broken_sums,
    coalesce(sum(keyed.negative_counts), 0)::bigint as negative_counts,
    coalesce(sum(keyed.copies - 1), 0)::bigint as duplicates,
    coalesce(any_value(rated.impossible_rates), 0) as impossible_rates,
    coalesce(any_value(rated.rates_over_one), 0) as rates_over_one
from keyed
full join rated on keyed.item = rated.item
group by coalesce(keyed.item, rated.item)
order by item;
