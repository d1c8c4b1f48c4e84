-- name: run_variants
-- owner: analytics
-- grain: one row per comparison, metric and variant of a campaign occurrence
-- params: campaign, occurrence
-- purpose: The variants and the hold-out with the interval that holds now: at the end the usual one, for revenue the adjusted one,
--          before that the one that may be looked at every day. is_money: value and lift are amounts, not rates.
select
    comparison,
    metric,
    variant,
    baseline,
    people,
    converted,
    coalesce(revenue_per_person, conversion_rate) as value,
    starts_with(metric, 'revenue') as is_money,
    status,
    sent_to_rest,
    coalesce(adjusted_lift, lift) as lift,
    coalesce(adjusted_low, confidence_low, always_valid_low) as interval_low,
    coalesce(adjusted_high, confidence_high, always_valid_high) as interval_high
from marts.experiment_results as results
where campaign = $campaign and occurrence = $occurrence
order by results.comparison desc, metric asc, variant = baseline desc, variant asc;
