-- name: found_events
-- owner: data
-- grain: one row per event of a changed message
-- params: since
-- purpose: The events of the changed messages, old and new.
select events.*
from engagement.events
semi join changed_messages on events.message_key = changed_messages.message_key
where events.occurred_at >= $since;
