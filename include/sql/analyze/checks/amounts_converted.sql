-- name: amounts_converted
-- owner: analytics
-- grain: one row for all currencies, and one for each without a rate
-- params: none
-- purpose: Every amount has a value in the reporting currency. Need not hold: an amount without a rate in the shop's file is
--          excluded from revenue and reported here.
with counted as (
    select
        purchases.currency,
        count(*) as amounts,
        count(rates.rate) as converted
    from core.purchases as purchases
    left join core.exchange_rates as rates on purchases.currency = rates.currency
    group by purchases.currency
)

select
    'all currencies' as scope,
    'purchases and refunds' as left_side,
    coalesce(sum(amounts), 0)::bigint as left_value,
    'of these, in a currency with a rate' as right_side,
    coalesce(sum(converted), 0)::bigint as right_value,
    false as must_hold
from counted
union all by name
select
    currency as scope,
    'purchases and refunds' as left_side,
    amounts as left_value,
    'of these, in a currency with a rate' as right_side,
    converted as right_value,
    false as must_hold
from counted
where amounts <> converted;
