-- name: engagement_marts_rows
-- owner: data
-- grain: one row per row of a mart, and one per rate of it
-- params: none
-- purpose: As campaign_marts_rows, for the marts that cut engagement by day, provider, hour, tenure, frequency and link.
create or replace temp table mart_rows as
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
)

select
    item,
    row_key,
    is_broken,
    is_negative,
    null as ratio
from facts
union all
select
    item,
    null as row_key,
    null as is_broken,
    null as is_negative,
    struct_pack(rate := ratio.rate::double, part := ratio.part::double, whole := ratio.whole::double) as ratio
from rates;
