-- name: events_insert
-- owner: data
-- grain: one row a distinct event
-- params: none
-- purpose: The new events, with the class of a bounce: a blocked one is soft, the others as include/collect/mapping.py says.
--          Verdicts come after, see classify.
insert into engagement.events by name
select
    decided.event_key,
    decided.sg_event_id,
    decided.sent_key as message_key,
    decided.attempt,
    decided.chunk,
    decided.subscriber_id,
    decided.campaign,
    decided.occurrence,
    decided.event,
    decided.occurred_at,
    decided.received_at,
    decided.x_message_id,
    case
        when decided.event <> 'bounced' then null
        when coalesce(lower(decided.bounce_type), decided.event_name) = 'blocked' then 'soft'
        else
            coalesce(
                classes.bounce_class,
                if(coalesce(lower(decided.bounce_type), 'bounce') = 'bounce', 'hard', 'other')
            )
    end as bounce_class,
    decided.bounce_classification,
    decided.smtp_status,
    decided.reason,
    decided.url,
    decided.url_index,
    decided.url_type,
    decided.user_agent,
    decided.sg_machine_open,
    decided.delivery_attempt,
    decided.spool_file
from decided
left join bounce_classes as classes
    on
        classes.bounce_type = coalesce(lower(decided.bounce_type), '')
        and classes.classification = lower(trim(coalesce(decided.bounce_classification, '')))
where decided.fate = 'new';
