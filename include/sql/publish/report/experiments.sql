-- name: experiments
-- owner: analytics
-- grain: one row per campaign occurrence, metric and variant
-- params: none
-- purpose: Comparisons of the last occurrences with their 95 % intervals, and whether the interval excludes zero.
select
    campaign || ' ' || occurrence as label,
    campaign,
    occurrence,
    metric,
    variant,
    baseline,
    people,
    converted,
    conversion_rate,
    status,
    lift,
    p_value,
    confidence_low,
    confidence_high,
    variant || ' against ' || baseline as comparison,
    coalesce(confidence_low > 0 or confidence_high < 0, false) as excludes_zero
from marts.experiment_results
order by occurrence desc, campaign asc, metric asc, variant asc
limit 60;
