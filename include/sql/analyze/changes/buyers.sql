-- name: buyers
-- owner: data
-- grain: one row per person
-- params: none
-- purpose: The people whose clicks before purchases can differ: a purchase differs, or a click in the 30 days before one that they
--          have.
select clicks.subscriber_id
from differing_events as clicks
inner join core.purchases as purchases on clicks.subscriber_id = purchases.subscriber_id
where
    clicks.event = 'clicked'
    and purchases.purchased_at >= clicks.occurred_at
    and epoch_ms(purchases.purchased_at) - epoch_ms(clicks.occurred_at) <= 30 * 86400000::bigint
union
select subscriber_id
from differing_purchases;
