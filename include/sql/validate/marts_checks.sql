-- name: marts_checks
-- owner: data
-- grain: one row per mart
-- params: none
-- purpose: Sums, rates, counts and keys of the marts: what the suite for marts checks. A rate is impossible if it is
--          negative or no number, or over 1 although its parts are not; over 1 because of its parts (the delivery of an
--          opened message is missing) is a warning. The sum checks (analyze/checks) count the keys of the large marts.
with rates as (
    select
        'campaign_performance' as item,
        unnest([
            { 'rate': delivery_rate, 'part': delivered, 'whole': accepted },
            { 'rate': hard_bounce_rate, 'part': bounced_hard, 'whole': accepted },
            { 'rate': human_open_rate, 'part': human_opens, 'whole': delivered_tracked },
            { 'rate': human_open_rate_lower, 'part': human_opens_lower, 'whole': delivered_tracked },
            { 'rate': human_open_rate_upper, 'part': human_opens_upper, 'whole': delivered_tracked },
            { 'rate': raw_open_rate, 'part': raw_openers, 'whole': delivered_tracked },
            { 'rate': human_click_rate, 'part': human_clicks, 'whole': delivered_tracked },
            { 'rate': human_click_rate_lower, 'part': human_clicks_lower, 'whole': delivered_tracked },
            { 'rate': human_click_rate_upper, 'part': human_clicks_upper, 'whole': delivered_tracked },
            { 'rate': raw_click_rate, 'part': raw_clickers, 'whole': delivered_tracked },
            { 'rate': unsubscribe_rate, 'part': unsubscribes, 'whole': delivered },
            { 'rate': complaint_rate, 'part': complaints, 'whole': delivered }
        ]) as ratio
    from marts.campaign_performance
    union all
    select
        'mailbox_provider_health' as item,
        unnest([
            { 'rate': delivery_rate, 'part': delivered, 'whole': accepted },
            { 'rate': hard_bounce_rate, 'part': bounced_hard, 'whole': accepted },
            { 'rate': complaint_rate, 'part': complaints, 'whole': delivered },
            { 'rate': human_open_rate, 'part': human_opens, 'whole': delivered_tracked },
            { 'rate': human_open_rate_lower, 'part': human_opens_lower, 'whole': delivered_tracked },
            { 'rate': human_open_rate_upper, 'part': human_opens_upper, 'whole': delivered_tracked },
            { 'rate': raw_open_rate, 'part': raw_openers, 'whole': delivered_tracked },
            { 'rate': human_click_rate, 'part': human_clicks, 'whole': delivered_tracked },
            { 'rate': human_click_rate_lower, 'part': human_clicks_lower, 'whole': delivered_tracked },
            { 'rate': human_click_rate_upper, 'part': human_clicks_upper, 'whole': delivered_tracked },
            { 'rate': raw_click_rate, 'part': raw_clickers, 'whole': delivered_tracked },
            { 'rate': click_to_open_rate, 'part': opened_and_clicked, 'whole': human_opens }
        ]) as ratio
    from marts.mailbox_provider_health
    union all
    select
        'experiment_results' as item,
        unnest([
            { 'rate': open_rate, 'part': human_opens, 'whole': delivered_tracked },
            { 'rate': click_rate, 'part': human_clicks, 'whole': delivered_tracked },
            { 'rate': conversion_rate, 'part': converted, 'whole': people }
        ]) as ratio
    from marts.experiment_results
    union all
    select
        'segment_sizes' as item,
        { 'rate': share_of_list, 'part': 0, 'whole': 1 } as ratio
    from marts.segment_sizes
),

facts as (
    select
        'campaign_performance' as item,
        concat_ws(' ', plan_id) as row_key,
        selected <> accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped
        or not human_opens between human_opens_lower and human_opens_upper or human_opens_upper > raw_openers
        or not human_clicks between human_clicks_lower and human_clicks_upper or human_clicks_upper > raw_clickers
            as is_broken,
        least(
            selected, accepted, rejected, suppressed, capped, held_out, in_doubt, pending, skipped, delivered,
            delivered_tracked, bounced_hard, bounced_soft, bounced_other, dropped, deferred, human_opens, raw_opens,
            human_clicks, raw_clicks, unsubscribes, complaints
        ) < 0 as is_negative
    from marts.campaign_performance
    union all
    select
        'mailbox_provider_health' as item,
        concat_ws(' ', campaign, occurrence, mailbox_provider) as row_key,
        delivered_tracked > delivered as is_broken,
        least(
            accepted, delivered, delivered_tracked, bounced_hard, bounced_soft, dropped, deferred, complaints, human_opens
        ) < 0 as is_negative
    from marts.mailbox_provider_health
    union all
    select
        'list_health' as item,
        day::varchar as row_key,
        subscribers <> subscribed + unsubscribed + pending or mailable > subscribers as is_broken,
        least(subscribers, subscribed, unsubscribed, pending, deleted, consented, suppressed, mailable) < 0 as is_negative
    from marts.list_health
    union all
    select
        'segment_sizes' as item,
        concat_ws(' ', segment_run, segment) as row_key,
        false as is_broken,
        members < 0 as is_negative
    from marts.segment_sizes
    union all
    select
        'segment_changes' as item,
        concat_ws(' ', segment_run, segment) as row_key,
        false as is_broken,
        least(entered, left_segment, stayed) < 0 as is_negative
    from marts.segment_changes
    union all
    select
        'quality_runs' as item,
        concat_ws(' ', landed_run, relation) as row_key,
        raw_rows <> valid_rows + quarantined_rows as is_broken,
        least(raw_rows, valid_rows, quarantined_rows) < 0 as is_negative
    from marts.quality_runs
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
