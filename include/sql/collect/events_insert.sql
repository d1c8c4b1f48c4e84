-- name: events_insert
-- owner: data
-- grain: one row per distinct event
-- params: none
-- purpose: Inserts the new events. classify.sql classifies them afterwards.
insert into engagement.events by name
select
    dedup_key,
    sg_event_id,
    matched_message_key as message_key,
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
from deduplicated
where status = 'new';
