-- name: evidence
-- owner: data
-- grain: one row per message in doubt
-- params: none
-- purpose: Messages of chunks in doubt for which an event with the message key, chunk and attempt arrived: proof that
--          SendGrid accepted them. Reads all events, since one may have arrived before the chunk was in doubt, and the
--          quarantine, since test sends are not in dispatch.sends. Where the plan is in dispatch.sends, only people in that
--          chunk count, whatever message key and chunk an event combines.
with reported as (
    select
        chunk,
        attempt,
        message_key,
        event,
        occurred_at
    from engagement.events
    where chunk in (select in_doubt.chunk_key from in_doubt)

    union all

    select
        raw_event ->> 'chunk' as chunk,
        (raw_event ->> 'attempt')::integer as attempt,
        raw_event ->> 'message_key' as message_key,
        raw_event ->> 'event' as event,
        to_timestamp((raw_event ->> 'reported_at')::bigint) as occurred_at
    from engagement.quarantined_events
    where
        reason = 'unknown_message'
        and (raw_event ->> 'chunk') in (select in_doubt.chunk_key from in_doubt)
),

members as (
    select
        sends.plan_id,
        sends.chunk,
        sends.message_key
    from dispatch.sends as sends
    inner join in_doubt on sends.plan_id = in_doubt.plan_id and sends.chunk = in_doubt.chunk
),

recorded as (
    select distinct plan_id
    from dispatch.sends
    where plan_id in (select in_doubt.plan_id from in_doubt)
)

select
    in_doubt.plan_id,
    in_doubt.chunk,
    in_doubt.attempt,
    reported.message_key,
    arg_min(reported.event, reported.occurred_at) as event,
    epoch(min(reported.occurred_at)) as happened_at
from reported
inner join in_doubt on reported.chunk = in_doubt.chunk_key and reported.attempt = in_doubt.attempt
left join recorded on in_doubt.plan_id = recorded.plan_id
left join members
    on
        in_doubt.plan_id = members.plan_id
        and in_doubt.chunk = members.chunk
        and reported.message_key = members.message_key
where
    reported.message_key is not null
    and (members.message_key is not null or recorded.plan_id is null)
group by in_doubt.plan_id, in_doubt.chunk, in_doubt.attempt, reported.message_key;
