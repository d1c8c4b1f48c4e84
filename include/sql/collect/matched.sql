-- name: matched
-- owner: data
-- grain: one row per arrival
-- params: none
-- purpose: Matches each arrival to a message, by the first rule that applies:
--          1. its message key (custom_args tw_key); an unknown message key matches nothing: the message is not ours, or not
--          recorded yet;
--          2. without a message key: SendGrid's message id (of sg_message_id, or else of smtp-id) and the address;
--          3. a bounce without a message key (bounces through Return-Path lose custom_args and sg_message_id): the last
--          message sent to the address within five days before it, unless that message is known to have another message id.
--          Also sets bounce_class (a blocked bounce is soft, the others follow include/sendgrid/event_vocabulary.py), which
--          keeps a block and a bounce in the same second apart, and content_key, a hash of the event's content.
--          `arrival` is the row's number in `arrivals`, where its other columns stay: copies of wide rows cost the most.
create or replace temp table matched as
with keyed as (
    select
        sends.message_key,
        any_value(sends.subscriber_id) as subscriber_id,
        any_value(sends.address_key) as address_key,
        any_value(sends.campaign) as campaign,
        any_value(sends.occurrence) as occurrence
    from dispatch.sends as sends
    semi join arrivals on sends.message_key = arrivals.message_key
    group by sends.message_key
),

unkeyed as (
    select
        rowid as arrival,
        x_message_id,
        address_key,
        event,
        to_timestamp(reported_at) as occurred_at
    from arrivals
    where problem is null and message_key is null
),

candidates as (
    select
        unkeyed.arrival,
        2 as rule,
        sends.planned_at as preferred,
        sends.message_key,
        sends.subscriber_id,
        sends.address_key,
        sends.campaign,
        sends.occurrence
    from unkeyed
    inner join dispatch.sends as sends
        on unkeyed.x_message_id = sends.x_message_id and unkeyed.address_key = sends.address_key

    union all

    select
        unkeyed.arrival,
        3 as rule,
        coalesce(sends.sent_at, sends.planned_at) as preferred,
        sends.message_key,
        sends.subscriber_id,
        sends.address_key,
        sends.campaign,
        sends.occurrence
    from unkeyed
    inner join dispatch.sends as sends on unkeyed.address_key = sends.address_key
    where
        unkeyed.event = 'bounced'
        and sends.state in ('accepted', 'in_doubt', 'pending')
        and (unkeyed.x_message_id is null or sends.x_message_id is null)
        and coalesce(sends.sent_at, sends.planned_at)
        between unkeyed.occurred_at - interval 5 days and unkeyed.occurred_at + interval 5 minutes
),

chosen as (
    select *
    from candidates
    qualify row_number() over (partition by arrival order by rule asc, preferred desc, message_key asc) = 1
),

classed as (
    select
        arrivals.*,
        arrivals.rowid as arrival,
        if(arrivals.problem is null, to_timestamp(arrivals.reported_at), null) as occurred_at,
        coalesce(keyed.message_key, chosen.message_key) as matched_message_key,
        coalesce(keyed.subscriber_id, chosen.subscriber_id) as subscriber_id,
        coalesce(keyed.campaign, chosen.campaign) as campaign,
        coalesce(keyed.occurrence, chosen.occurrence) as occurrence,
        coalesce(arrivals.address_key, keyed.address_key) as known_address_key,
        case
            when coalesce(arrivals.event, '') <> 'bounced' then null
            when coalesce(lower(arrivals.bounce_type), arrivals.event_name) = 'blocked' then 'soft'
            else
                coalesce(
                    classes.bounce_class,
                    if(coalesce(lower(arrivals.bounce_type), 'bounce') = 'bounce', 'hard', 'other')
                )
        end as bounce_class
    from arrivals
    left join keyed on if(arrivals.problem is null, arrivals.message_key, null) = keyed.message_key
    left join chosen on arrivals.rowid = chosen.arrival
    left join bounce_classes as classes
        on
            coalesce(lower(arrivals.bounce_type), '') = classes.bounce_type
            and lower(trim(coalesce(arrivals.bounce_classification, ''))) = classes.classification
)

select
    arrival,
    spool_file,
    position,
    sg_event_id,
    event,
    problem,
    reconsidered,
    quarantine_key,
    occurred_at,
    matched_message_key,
    subscriber_id,
    campaign,
    occurrence,
    known_address_key as address_key,
    bounce_class,
    md5(
        concat_ws(
            chr(31),
            coalesce(matched_message_key, message_key, x_message_id, ''),
            coalesce(known_address_key, ''),
            coalesce(event, event_name, ''),
            coalesce(bounce_class, ''),
            coalesce(reported_at::varchar, ''),
            coalesce(url, ''),
            coalesce(url_index::varchar, ''),
            coalesce(url_type, ''),
            coalesce(delivery_attempt::varchar, ''),
            coalesce(raw_text, '')
        )
    ) as content_key
from classed;
