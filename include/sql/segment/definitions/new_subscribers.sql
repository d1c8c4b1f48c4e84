-- name: new_subscribers
-- owner: marketing
-- grain: one row per subscriber
-- params: as_of
-- purpose: Subscribers who signed up in the 14 days before as_of; the audience of the welcome.
select subscriber_id
from core.subscribers
where signed_up_at > $as_of::timestamptz - interval 14 day and signed_up_at <= $as_of;
