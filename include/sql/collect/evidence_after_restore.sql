-- name: evidence_after_restore
-- owner: delivery
-- grain: one row per message in doubt
-- params: reasons
-- purpose: Messages that are in doubt because a restored ledger lacks their requests, and for which any event arrived. The
--          chunk and attempt of the event may be among the lost ones, so the message key alone is the proof.
select
    sends.plan_id,
    sends.chunk,
    sends.attempt,
    sends.message_key,
    arg_min(events.event, events.occurred_at) as event,
    epoch(min(events.occurred_at)) as happened_at
from dispatch.sends as sends
inner join engagement.events as events on sends.message_key = events.message_key
where sends.state = 'in_doubt' and list_contains($reasons::varchar[], sends.reason)
group by sends.plan_id, sends.chunk, sends.attempt, sends.message_key;
