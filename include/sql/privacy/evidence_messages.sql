-- name: evidence_messages
-- owner: data
-- grain: one row per message
-- params: subscriber_ids
-- purpose: The messages that were planned for these subscribers, oldest first: what mail relied on the consent.
select
    message_key,
    subscriber_id,
    campaign,
    occurrence,
    state,
    reason,
    tracked,
    planned_at,
    sent_at
from dispatch.sends
where list_contains($subscriber_ids::varchar[], subscriber_id)
order by planned_at, message_key;
