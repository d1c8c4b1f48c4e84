-- name: events_checks
-- owner: data
-- grain: one row
-- params: since, min_rows
-- purpose: The events that arrived since a time: what the suite for events checks. Five minutes between clocks are accepted.
--          Events of test sends, whose message keys are UUIDs of version 8, match no message on purpose.
with arrived as (
    select
        message_key,
        dedup_key,
        event,
        occurred_at,
        occurred_at > received_at + interval 5 minute as is_future
    from engagement.events
    where received_at >= $since
),

dated as (
    select
        count(*) as events,
        count(*) filter (where arrived.is_future) as future_events,
        count(*) filter (where arrived.occurred_at < sends.planned_at - interval 5 minute) as early_events
    from arrived
    left join dispatch.sends as sends using (message_key)
),

repeated as (
    select coalesce(sum(copies - 1), 0) as duplicates
    from (
        select count(*) as copies
        from arrived
        group by dedup_key
        having count(*) > 1
    ) as counted
),

quarantined as (
    select
        count(*) filter (where reason = 'unknown_event') as unknown_kinds,
        count(*) filter (
            where reason = 'unknown_message' and coalesce((raw_event ->> 'message_key')[15], '') <> '8'
        ) as unmatched
    from engagement.quarantined_events
    where received_at >= $since
)

select
    'events of the last day' as item,
    dated.events,
    repeated.duplicates::bigint as duplicates,
    quarantined.unknown_kinds,
    if(
        dated.events + quarantined.unmatched >= $min_rows,
        quarantined.unmatched / (dated.events + quarantined.unmatched),
        null
    ) as unmatched_share,
    if(dated.events >= $min_rows, dated.early_events / dated.events, null) as early_share,
    if(dated.events >= $min_rows, dated.future_events / dated.events, null) as future_share
from dated, repeated, quarantined;
