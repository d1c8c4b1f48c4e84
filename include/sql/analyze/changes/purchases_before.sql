-- name: purchases_before
-- owner: data
-- grain: one row per purchase
-- params: none
-- purpose: The purchases as marts.purchases has them: once before it is built again.
select
    subscriber_id,
    purchased_at,
    amount,
    currency,
    revenue
from marts.purchases;
