-- name: experiments
-- owner: analytics
-- grain: one row per campaign occurrence, comparison, metric and variant
-- params: none
-- purpose: Comparisons of the last occurrences with a 95 % interval, and whether it excludes zero: at the end the usual one, or
--          for revenue the adjusted one, and before that the one that holds on any day. is_money: value and lift are amounts in
--          the reporting currency, not rates.
select
    campaign || ' ' || occurrence as label,
    campaign,
    occurrence,
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
    coalesce(adjusted_p_value, p_value) as p_value,
    coalesce(adjusted_low, confidence_low, always_valid_low) as interval_low,
    coalesce(adjusted_high, confidence_high, always_valid_high) as interval_high,
    variant || ' against ' || baseline as comparison,
    coalesce(interval_low > 0 or interval_high < 0, false) as excludes_zero
from marts.experiment_results as results
order by occurrence desc, campaign asc, results.comparison asc, metric asc, variant asc
limit 60;
