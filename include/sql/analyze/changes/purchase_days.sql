-- name: purchase_days
-- owner: data
-- grain: one row per day
-- params: none
-- purpose: The days (UTC) with another set of purchases (temp.purchases_now, the select of marts.purchases) than marts.purchases has as of
--          the last build. Days are compared by the number of their purchases and a sum of hashes of them.
with days_now as (
    select
        utc_day(purchased_at) as day,
        count(*) as purchases,
        sum(hash(subscriber_id, purchased_at, amount, currency, revenue, items, is_refund)::hugeint) as fingerprint
    from temp.purchases_now
    group by all
),

days_before as (
    select
        utc_day(purchased_at) as day,
        count(*) as purchases,
        sum(hash(subscriber_id, purchased_at, amount, currency, revenue, items, is_refund)::hugeint) as fingerprint
    from marts.purchases
    group by all
)

select coalesce(days_now.day, days_before.day) as day
from days_now
full outer join days_before on days_now.day = days_before.day
where
    days_now.fingerprint is distinct from days_before.fingerprint
    or days_now.purchases is distinct from days_before.purchases;
