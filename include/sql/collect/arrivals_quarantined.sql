-- name: arrivals_quarantined
-- owner: data
-- grain: one row a quarantined event
-- params: since
-- purpose: Events of messages that were not known when they came, as arrivals once more: the plan may have been recorded
--          since. Only the last days' ones, since events of somebody else's mail through the same account stay unknown for good,
--          and only those whose key, or address where there is no key, is known now.
create or replace temp table arrivals as
with held as (
    select
        event_key,
        raw_event ->> 'message_key' as message_key,
        raw_event ->> 'address_key' as address_key
    from engagement.quarantined_events
    where
        reason = 'unknown_message'
        and received_at >= $since
),

findable as (
    select held.event_key
    from held
    semi join dispatch.sends as sends on held.message_key = sends.message_key

    union all

    select held.event_key
    from held
    semi join dispatch.sends as sends on held.address_key = sends.address_key
    where held.message_key is null
),

kept as (
    select
        event_key,
        received_at,
        spool_file,
        from_json(
            raw_event,
            '{"position": "INTEGER", "sg_event_id": "VARCHAR", "event_name": "VARCHAR", "bounce_type": "VARCHAR",
              "address_key": "VARCHAR", "reported_at": "BIGINT", "message_key": "VARCHAR", "attempt": "INTEGER",
              "chunk": "VARCHAR", "x_message_id": "VARCHAR", "bounce_classification": "VARCHAR", "smtp_status": "VARCHAR",
              "reason": "VARCHAR", "url": "VARCHAR", "url_index": "INTEGER", "url_type": "VARCHAR",
              "user_agent": "VARCHAR", "sg_machine_open": "BOOLEAN", "delivery_attempt": "INTEGER"}'
        ) as report
    from engagement.quarantined_events
    where event_key in (select findable.event_key from findable)
)

select
    kept.spool_file,
    kept.received_at,
    unnest(kept.report),  -- noqa: AL03
    null::varchar as problem,
    null::varchar as raw_text,
    names.event,
    true as reconsidered,
    kept.event_key as quarantine_key
from kept
left join event_names as names on kept.report.event_name = names.event_name;
