-- name: marts_checks
-- owner: data
-- grain: one row per mart
-- params: none
-- purpose: Sums, rates, counts and keys of marts (temporary table mart_rows): what the suite for marts checks. A rate is
--          impossible if it is negative or no number, or over 1 although its parts are not; over 1 because of its parts (the
--          delivery of an opened message is missing) is a warning.
with keyed as (
    select
        item,
        count(*) as copies,
        count(*) filter (where is_broken) as broken_sums,
        count(*) filter (where is_negative) as negative_counts
    from temp.mart_rows
    where ratio is null
    group by item, row_key
),

rated as (
    select
        item,
        count(*) filter (
            where not isfinite(ratio.rate) or ratio.rate < 0 or (ratio.rate > 1 and ratio.part <= ratio.whole)
        ) as impossible_rates,
        count(*) filter (where ratio.rate > 1 and ratio.part > ratio.whole) as rates_over_one
    from temp.mart_rows
    where ratio is not null
    group by item
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
