-- name: audience_marts_rows
-- owner: data
-- grain: one row per row of a mart, and one per rate of it
-- params: none
-- purpose: As campaign_marts_rows, for the marts about the list and about revenue.
create or replace temp table mart_rows as
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
