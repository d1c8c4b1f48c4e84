create temp table arrivals as
select
    'sg-' || i as sg_event_id, 1 as attempt, 'c1' as chunk, 'bounced' as event, 'bounce' as event_name,
    timestamptz '2026-11-24 10:00:00Z' as received_at, 'x' as x_message_id, 'Technical' as bounce_classification,
    '5.1.1' as smtp_status, 'no such user' as reason, null::varchar as url, null::integer as url_index,
    null::varchar as url_type, null::varchar as user_agent, null::boolean as sg_machine_open, 2 as delivery_attempt,
    'file' as spool_file, i as position, 'bounce' as bounce_type, timestamptz '2026-11-24 09:00:00Z' as reported_at,
    'k' || i as message_key, null::varchar as raw_text
from range(3) as numbers (i);
create temp table matched as
select
    i as arrival, 'm' || i as matched_message_key, 's' || i as subscriber_id, 'news' as campaign, 'w1' as occurrence,
    timestamptz '2026-11-24 09:00:00Z' as occurred_at, 'hard' as bounce_class, 'key' as address_key
from range(3) as numbers (i);
create temp table deduplicated as
from (values (0, 'd0', 'new', null), (1, 'd1', 'duplicate', null), (2, 'd2', 'quarantined', 'unknown_message'))
    as rows_of (arrival, dedup_key, status, quarantine_reason);
