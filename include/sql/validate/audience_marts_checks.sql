-- name: audience_marts_checks
-- owner: data
-- grain: one row per mart
-- params: none
-- purpose: As marts_checks, for the marts about the list and about revenue.
with rates as (
    select
        'list_growth' as item,
        { 'rate': churn_rate, 'part': 0, 'whole': 1 } as ratio
    from marts.list_growth
    union all
    select
        'cohort_retention' as item,
        unnest([
            { 'rate': retention_rate, 'part': members, 'whole': people },
            { 'rate': opener_rate, 'part': opened, 'whole': reached },
            { 'rate': clicker_rate, 'part': clicked, 'whole': reached },
            { 'rate': buyer_rate, 'part': buyers, 'whole': people }
        ]) as ratio
    from marts.cohort_retention
    union all
    select
        'incrementality' as item,
        { 'rate': mean_mailed, 'part': 0, 'whole': 1 } as ratio
    from marts.incrementality
    where outcome = 'buyer'
),

facts as (
    select
        'list_growth' as item,
        day::varchar as row_key,
        net <> joined - left_list as is_broken,
        least(joined, left_list, members) < 0 as is_negative
    from marts.list_growth
    union all
    select
        'cohort_retention' as item,
        concat_ws(' ', cohort_month, tenure_months) as row_key,
        buyers > purchases or reached > mailed as is_broken,
        least(people, members, mailed, reached, opened, clicked, buyers, purchases, tenure_months) < 0 as is_negative
    from marts.cohort_retention
    union all
    select
        'attribution' as item,
        concat_ws(' ', campaign, occurrence, model, window_days) as row_key,
        (purchases > 0) <> (buyers > 0) as is_broken,
        least(buyers, purchases, revenue) < 0 as is_negative
    from marts.attribution
    union all
    select
        'campaign_revenue' as item,
        plan_id as row_key,
        buyers > purchases or buyers > recipients or held_out_buyers > held_out as is_broken,
        least(recipients, buyers, purchases, held_out, held_out_buyers) < 0 as is_negative
    from marts.campaign_revenue
    union all
    select
        'incrementality' as item,
        concat_ws(' ', scope, campaign, occurrence, outcome) as row_key,
        lift_low > lift_high as is_broken,
        least(people, held_out, cost) < 0 as is_negative
    from marts.incrementality
    union all
    select
        'lifecycle_daily' as item,
        concat_ws(
            ' ', day, lifecycle_stage, engagement_level, coalesce(recency_score, 0), coalesce(frequency_score, 0),
            coalesce(monetary_score, 0)
        ) as row_key,
        false as is_broken,
        people < 0 as is_negative
    from marts.lifecycle_daily
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
