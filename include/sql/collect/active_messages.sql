-- name: active_messages
-- owner: delivery
-- grain: one row a message in doubt that SendGrid's activity shows
-- params: none
-- purpose: From the address keys in the view `active` to the messages of those chunks.
select
    active.plan_id,
    active.chunk,
    active.attempt,
    sends.message_key
from active
inner join dispatch.sends
    on
        active.plan_id = sends.plan_id
        and active.chunk = sends.chunk
        and active.address_key = sends.address_key
where sends.state = 'in_doubt';
