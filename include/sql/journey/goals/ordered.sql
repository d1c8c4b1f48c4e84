-- name: ordered
-- owner: marketing
-- grain: one row per order
-- params: since
-- purpose: People who ordered, with the time of the order.
select
    subscriber_id,
    purchased_at as happened_at
from core.purchases
where amount > 0 and purchased_at > $since;
