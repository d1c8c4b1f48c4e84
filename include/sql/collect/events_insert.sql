-- name: events_insert
-- owner: data
-- grain: one row per distinct event
-- params: none
-- purpose: Inserts the new events. classify.sql classifies them afterwards.
insert into engagement.events by name
select
    deduplicated.dedup_key,
    arrivals.sg_event_id,
    matched.matched_message_key as message_key,
    arrivals.attempt,
    arrivals.chunk,
    matched.subscriber_id,
    matched.campaign,
    matched.occurrence,
    arrivals.event,
    matched.occurred_at,
    arrivals.received_at,
    arrivals.x_message_id,
    matched.bounce_class,
    arrivals.bounce_classification,
    arrivals.smtp_status,
    arrivals.reason,
    arrivals.url,
    arrivals.url_index,
    arrivals.url_type,
    arrivals.user_agent,
    arrivals.sg_machine_open,
    arrivals.delivery_attempt,
    arrivals.spool_file
from arrivals
inner join matched on arrivals.rowid = matched.arrival
inner join deduplicated on matched.arrival = deduplicated.arrival
where deduplicated.status = 'new';
