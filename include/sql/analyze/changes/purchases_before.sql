-- name: purchases_before
-- owner: data
-- grain: one row per purchase
-- params: none
-- purpose: The purchases of the days that differ as marts.purchases has them, before they are built again.
select
    subscriber_id,
    purchased_at,
    amount,
    currency,
    revenue
from marts.purchases
where utc_day(purchased_at) in (select day from changed_purchase_days);
