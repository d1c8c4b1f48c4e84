-- name: orders
-- owner: marketing
-- grain: one row per order
-- params: since
-- purpose: Orders, without refunds.
select
    subscriber_id,
    purchase_id as trigger_key,
    purchased_at as happened_at
from core.purchases
where amount > 0 and purchased_at > $since;
