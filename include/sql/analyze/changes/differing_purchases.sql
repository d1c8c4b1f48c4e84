-- name: differing_purchases
-- owner: data
-- grain: one row per purchase
-- params: built_at, as_of
-- purpose: The purchases that differ from those of the last build, as they were and as they are (both on days that differ), and those that
--          happened since then: the last build left out what was still to come, as this one does.
with now as (
    select
        subscriber_id,
        purchased_at,
        amount,
        currency,
        revenue
    from marts.purchases
),

became as (
    select *
    from now
    where utc_day(purchased_at) in (select day from changed_purchase_days)
)

(
    from purchases_before
    except all
    from became
)
union all
(
    from became
    except all
    from purchases_before
)
union all
select *
from now
where purchased_at > $built_at and purchased_at <= $as_of;
