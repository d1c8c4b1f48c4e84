-- name: evidence_forgotten
-- owner: delivery
-- grain: one row a message in doubt
-- params: reason
-- purpose: Messages that are in doubt because the ledger forgot its requests, and of which any event came. The chunk and attempt
--          that the event names may be among the forgotten, so its key alone is the proof.
select
    sends.plan_id,
    sends.chunk,
    sends.attempt,
    sends.message_key,
    arg_min(events.event, events.occurred_at) as event,
    epoch(min(events.occurred_at)) as happened_at
from dispatch.sends as sends
inner join engagement.events as events on sends.message_key = events.message_key
where sends.state = 'in_doubt' and sends.reason = $reason
group by sends.plan_id, sends.chunk, sends.attempt, sends.message_key;
