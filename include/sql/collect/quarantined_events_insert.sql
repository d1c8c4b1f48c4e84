-- name: quarantined_events_insert
-- owner: data
-- grain: one row per quarantined event
-- params: none
-- purpose: Inserts events that could not be read or matched, with the reason and every field that was read.
insert into engagement.quarantined_events by name
select
    deduplicated.dedup_key,
    deduplicated.quarantine_reason as reason,
    arrivals.received_at,
    arrivals.spool_file,
    to_json({
        'position': arrivals.position, 'sg_event_id': arrivals.sg_event_id, 'event_name': arrivals.event_name,
        'event': arrivals.event, 'bounce_type': arrivals.bounce_type, 'bounce_class': matched.bounce_class,
        'address_key': matched.address_key, 'reported_at': arrivals.reported_at, 'message_key': arrivals.message_key,
        'attempt': arrivals.attempt, 'chunk': arrivals.chunk, 'x_message_id': arrivals.x_message_id,
        'bounce_classification': arrivals.bounce_classification, 'smtp_status': arrivals.smtp_status,
        'reason': arrivals.reason, 'url': arrivals.url, 'url_index': arrivals.url_index, 'url_type': arrivals.url_type,
        'user_agent': arrivals.user_agent, 'sg_machine_open': arrivals.sg_machine_open,
        'delivery_attempt': arrivals.delivery_attempt, 'raw_text': arrivals.raw_text
    }) as raw_event
from arrivals
inner join matched on arrivals.rowid = matched.arrival
inner join deduplicated on matched.arrival = deduplicated.arrival
where deduplicated.status = 'quarantined';
