-- name: quarantine_insert
-- owner: data
-- grain: one row a refused event
-- params: none
-- purpose: What could not be read or tied, with the reason and all that was kept of it.
insert into engagement.quarantined_events by name
select
    event_key,
    refusal as reason,
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
from decided
where fate = 'quarantined';
