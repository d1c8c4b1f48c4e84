-- name: events_insert
-- owner: data
-- grain: one row a distinct event
-- params: none
-- purpose: The new events. Verdicts come after, see classify.
insert into engagement.events by name
select
    event_key,
    sg_event_id,
    sent_key as message_key,
    attempt,
    chunk,
    subscriber_id,
    campaign,
    occurrence,
    event,
    occurred_at,
    received_at,
    x_message_id,
    bounce_class,
    bounce_classification,
    smtp_status,
    reason,
    url,
    url_index,
    url_type,
    user_agent,
    sg_machine_open,
    delivery_attempt,
    spool_file
from decided
where fate = 'new';
