-- name: quarantined_events_insert
-- owner: data
-- grain: one row per quarantined event
-- params: none
-- purpose: Inserts events that could not be read or matched, with the reason and every field that was read.
insert into engagement.quarantined_events by name
select
    dedup_key,
    quarantine_reason as reason,
    received_at,
    spool_file,
    to_json({
        'position': position, 'sg_event_id': sg_event_id, 'event_name': event_name, 'event': event,
        'bounce_type': bounce_type, 'bounce_class': bounce_class, 'address_key': address_key,
        'reported_at': reported_at, 'message_key': message_key,
        'attempt': attempt, 'chunk': chunk, 'x_message_id': x_message_id, 'bounce_classification': bounce_classification,
        'smtp_status': smtp_status, 'reason': reason, 'url': url, 'url_index': url_index, 'url_type': url_type,
        'user_agent': user_agent, 'sg_machine_open': sg_machine_open, 'delivery_attempt': delivery_attempt,
        'raw_text': raw_text
    }) as raw_event
from deduplicated
where status = 'quarantined';
