-- name: hold_out
-- owner: analytics
-- grain: one row per metric
-- params: none
-- purpose: What all marketing mail is worth by the global hold-out, with the 95 % interval that holds now: at the end the usual one,
--          for revenue the adjusted one, and before that the one that may be looked at every day.
select
    hold_out,
    first_day,
    last_day,
    metric,
    status,
    people_mailed,
    people_held_out,
    mean_mailed,
    mean_held_out,
    metric = 'revenue' as is_money,
    coalesce(adjusted_lift, lift) as lift,
    coalesce(adjusted_low, confidence_low, always_valid_low) as interval_low,
    coalesce(adjusted_high, confidence_high, always_valid_high) as interval_high,
    coalesce(interval_low > 0 or interval_high < 0, false) as excludes_zero
from marts.global_hold_out
order by metric;
