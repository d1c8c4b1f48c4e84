-- name: matched
-- owner: data
-- grain: one row per arrival
-- params: none
-- purpose: Matches each arrival to a message, by the first rule that applies:
--          1. its message key (custom_args tw_key); an unknown message key matches nothing: the message is not ours, or not
--          recorded yet;
--          2. without a message key: SendGrid's message id and the address;
--          3. a bounce without a message key (bounces through Return-Path lose custom_args and the message id): the last
--          message sent to the address within five days before it, unless that message is known to have another message id.
--          Also sets bounce_class (a blocked bounce is soft, the others follow include/sendgrid/event_vocabulary.py), which
--          keeps a block and a bounce in the same second apart, and content_key, a hash of the event's content.
create or replace temp table matched as
with numbered as (
    select
        *,
        row_number() over () as arrival,
        case when reported_at is not null and problem is null then to_timestamp(reported_at) end as occurred_at
    from arrivals
),

by_key as (
    select
        numbered.arrival,
        sends.message_key as matched_message_key,
        1 as rule,
        sends.planned_at as preferred
    from numbered
    inner join dispatch.sends as sends on numbered.message_key = sends.message_key
    where numbered.problem is null
),

by_message_id as (
    select
        numbered.arrival,
        sends.message_key as matched_message_key,
        2 as rule,
        sends.planned_at as preferred
    from numbered
    inner join dispatch.sends as sends
        on numbered.x_message_id = sends.x_message_id and numbered.address_key = sends.address_key
    where
        numbered.problem is null
        and numbered.message_key is null
),

by_address as (
    select
        numbered.arrival,
        sends.message_key as matched_message_key,
        3 as rule,
        coalesce(sends.sent_at, sends.planned_at) as preferred
    from numbered
    inner join dispatch.sends as sends on numbered.address_key = sends.address_key
    where
        numbered.problem is null
        and numbered.message_key is null
        and numbered.event = 'bounced'
        and sends.state in ('accepted', 'in_doubt', 'pending')
        and (numbered.x_message_id is null or sends.x_message_id is null)
        and coalesce(sends.sent_at, sends.planned_at)
        between numbered.occurred_at - interval 5 days and numbered.occurred_at + interval 5 minutes
),

chosen as (
    select
        arrival,
        matched_message_key
    from (
        from by_key
        union all
        from by_message_id
        union all
        from by_address
    ) as candidates
    qualify row_number() over (partition by arrival order by rule asc, preferred desc, matched_message_key asc) = 1
),

people as (
    select
        message_key as matched_message_key,
        any_value(subscriber_id) as subscriber_id,
        any_value(address_key) as sent_address_key,
        any_value(campaign) as campaign,
        any_value(occurrence) as occurrence
    from dispatch.sends
    where message_key in (select matched_message_key from chosen)
    group by message_key
),

classed as (
    select
        numbered.* exclude (address_key),
        people.* exclude (sent_address_key),
        coalesce(numbered.address_key, people.sent_address_key) as address_key,
        case
            when coalesce(numbered.event, '') <> 'bounced' then null
            when coalesce(lower(numbered.bounce_type), numbered.event_name) = 'blocked' then 'soft'
            else
                coalesce(
                    classes.bounce_class,
                    if(coalesce(lower(numbered.bounce_type), 'bounce') = 'bounce', 'hard', 'other')
                )
        end as bounce_class
    from numbered
    left join chosen using (arrival)
    left join people using (matched_message_key)
    left join bounce_classes as classes
        on
            coalesce(lower(numbered.bounce_type), '') = classes.bounce_type
            and lower(trim(coalesce(numbered.bounce_classification, ''))) = classes.classification
)

select
    *,
    md5(
        concat_ws(
            chr(31),
            coalesce(matched_message_key, message_key, x_message_id, ''),
            coalesce(address_key, ''),
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
