-- name: buyers
-- owner: data
-- grain: one row per person
-- params: none
-- purpose: The people with a click or a purchase that differs.
select subscriber_id
from differing_events
where event = 'clicked'
union
select subscriber_id
from differing_purchases;
