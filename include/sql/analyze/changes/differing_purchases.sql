-- name: differing_purchases
-- owner: data
-- grain: one row per purchase
-- params: built_at, as_of
-- purpose: The purchases of each day that differ from those of the last build, as they were and as they are, and those that
--          happened since then: the last build left out what was still to come, as this one does. Days are compared by a sum of
--          hashes first.
with now as (
    select
        subscriber_id,
        purchased_at,
        amount,
        currency,
        revenue
    from marts.purchases
),

days_now as (
    select
        utc_day(purchased_at) as day,
        sum(hash(subscriber_id, purchased_at, amount, currency, revenue)::hugeint) as fingerprint
    from now
    group by all
),

days_before as (
    select
        utc_day(purchased_at) as day,
        sum(hash(subscriber_id, purchased_at, amount, currency, revenue)::hugeint) as fingerprint
    from purchases_before
    group by all
),

days as (
    select coalesce(days_now.day, days_before.day) as day
    from days_now
    full outer join days_before on days_now.day = days_before.day
    where days_now.fingerprint is distinct from days_before.fingerprint
),

was as (
    select *
    from purchases_before
    where utc_day(purchased_at) in (select days.day from days)
),

became as (
    select *
    from now
    where utc_day(purchased_at) in (select days.day from days)
)

(
    from was
    except all
    from became
)
union all
(
    from became
    except all
    from was
)
union all
select *
from now
where purchased_at > $built_at and purchased_at <= $as_of;
