-- name: purchases_by_person
-- owner: data
-- grain: one row per number with a purchase
-- params: as_of
-- purpose: What segment.facts has of purchases, by what was known at as_of, of everybody or of the people with something new.
--          Money: an amount below zero is a refund, which lowers revenue and is not a purchase; an amount of zero is a gift and
--          a purchase. Revenue is in the reporting currency, by core.exchange_rates; amounts without a rate are counted in
--          unconverted and excluded from revenue. Each purchase_id is a purchase; frequency and rhythm are computed from days
--          (UTC) with a purchase, as in BG/NBD and RFM: three orders in one evening are one visit. The days of the last 384 are
--          bits of six words, since counting distinct days takes five times as long; older days are counted so.
--          Ordered before they are grouped: a sum of a person is up to 250 bytes wide, and a group that comes in pieces is kept
--          once for each of them (ADR 301).
with purchases as (
    select
        purchases.number,
        purchases.purchased_at,
        purchases.amount,
        rates.rate
    from temp.fact_purchases as purchases
    left join core.exchange_rates as rates on purchases.currency = rates.currency
    where purchases.purchased_at <= $as_of
    order by purchases.number
),

sums as (
    select
        purchases.number,
        min(purchases.purchased_at) filter (where purchases.is_purchase) as first_purchased_at,
        max(purchases.purchased_at) filter (where purchases.is_purchase) as last_purchased_at,
        (count(*) filter (where purchases.is_purchase))::integer as purchases,
        (
            count(distinct purchases.days_ago) filter (where purchases.word >= 6)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 0)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 1)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 2)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 3)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 4)), 0)
            + coalesce(bit_count(bit_or(purchases.bit) filter (where purchases.word = 5)), 0)
        )::integer as purchase_days,
        coalesce(sum(purchases.amount) filter (where purchases.rate = 1), 0) as unchanged,
        sum(purchases.amount * purchases.rate) filter (where purchases.rate <> 1) as converted,
        (count(*) filter (where purchases.rate is null))::integer as unconverted
    from (
        select
            *,
            amount >= 0 as is_purchase,
            utc_day($as_of::timestamptz) - utc_day(purchased_at) as days_ago,
            if(is_purchase, days_ago // 64, null) as word,
            1::ubigint << (days_ago % 64)::ubigint as bit
        from purchases
    ) as purchases
    group by all
)

select
    number,
    first_purchased_at,
    last_purchased_at,
    purchases,
    purchase_days,
    if(converted is null, unchanged::decimal(18, 2), (unchanged + converted)::decimal(18, 2)) as revenue,
    unconverted
from sums;
