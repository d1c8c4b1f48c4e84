-- name: found_events
-- owner: data
-- grain: one row per event of a changed message
-- params: since
-- purpose: The events of the changed messages, old and new.
select events.*
from engagement.events
semi join (
    from changed_messages
    where message_key <> ''
) as changed on events.message_key = changed.message_key
where events.occurred_at >= $since;
