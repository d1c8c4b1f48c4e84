-- name: awaiting_confirmation
-- owner: marketing
-- grain: one row per subscriber
-- params: as_of
-- purpose: People who signed up in the 14 days before as_of and whose sign-up is not confirmed at the source. Earlier sign-
--          ups are not asked again: they are forgotten, and such an address may have another owner by now.
select subscriber_id
from core.subscribers
where
    status = 'pending'
    and signed_up_at > $as_of::timestamptz - interval 14 day
    and signed_up_at <= $as_of;
