-- name: events_now
-- owner: data
-- grain: one row per event of a changed message
-- params: since
-- purpose: The events of the changed messages as marts.events has them: once before they are built again, and once after.
select
    event_key,
    message_key,
    subscriber_id,
    campaign,
    occurrence,
    event,
    occurred_at,
    url,
    verdict
from marts.events
semi join (
    from changed_messages
    where message_key <> ''
) as changed on events.message_key = changed.message_key
where occurred_at >= $since;
