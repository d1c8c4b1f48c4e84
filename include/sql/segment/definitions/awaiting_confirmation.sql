-- name: awaiting_confirmation
-- owner: marketing
-- grain: one row a subscriber
-- params: as_of
-- purpose: People who signed up in the 14 days before as_of and have not confirmed, as far as the source knows. Who signed up longer
--          ago is not asked any more: they do not remember, and such an address may belong to somebody else by now.
select subscriber_id
from core.subscribers
where
    status = 'pending'
    and signed_up_at > $as_of::timestamptz - interval 14 day
    and signed_up_at <= $as_of;
