-- name: arrivals_quarantined
-- owner: data
-- grain: one row per quarantined event
-- params: since
-- purpose: Reads quarantined events of unknown messages as arrivals again, because their plan may have been recorded
--          meanwhile. Only events received after $since, since events of other mail through the same account stay unknown
--          forever, and only events whose message key (or address, where there is no message key) is known now.
create or replace temp table arrivals as
with quarantined as (
    select
        dedup_key,
        raw_event ->> 'message_key' as message_key,
        raw_event ->> 'address_key' as address_key
    from engagement.quarantined_events
    where
        reason = 'unknown_message'
        and received_at >= $since
),

matchable as (
    select quarantined.dedup_key
    from quarantined
    semi join dispatch.sends as sends on quarantined.message_key = sends.message_key

    union all

    select quarantined.dedup_key
    from quarantined
    semi join dispatch.sends as sends on quarantined.address_key = sends.address_key
    where quarantined.message_key is null
),

parsed as (
    select
        dedup_key,
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
    where dedup_key in (select matchable.dedup_key from matchable)
)

select
    parsed.spool_file,
    parsed.received_at,
    unnest(parsed.report),  -- noqa: AL03
    null::varchar as problem,
    null::varchar as raw_text,
    names.event,
    true as reconsidered,
    parsed.dedup_key as quarantine_key
from parsed
left join event_names as names on parsed.report.event_name = names.event_name;
