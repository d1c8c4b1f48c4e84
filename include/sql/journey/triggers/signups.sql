-- name: signups
-- owner: marketing
-- grain: one row per person
-- params: since
-- purpose: People who signed up. Those who have not confirmed yet enter once they have.
select
    subscriber_id,
    concat('signup ', epoch_us(signed_up_at)) as trigger_key,
    signed_up_at as happened_at
from core.subscribers
where signed_up_at > $since;
