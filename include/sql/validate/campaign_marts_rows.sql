-- name: campaign_marts_rows
-- owner: data
-- grain: one row per row of a mart, and one per rate of it
-- params: none
-- purpose: The figures of the marts about campaigns, the list, segments and quality, for marts_checks: a row per row of a mart, with
--          its key, whether its sum is broken and a count negative, and a row per rate, with its parts. The sum checks
--          (analyze/checks) count the keys of the large marts.
create or replace temp table mart_rows as
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
