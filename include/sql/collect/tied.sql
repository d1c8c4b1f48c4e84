-- name: tied
-- owner: data
-- grain: one row an arrival
-- params: none
-- purpose: Ties each arrival to a message of ours, by the first rule that finds one:
--          1. its own key (custom_args tw_key). A key that we do not know ties to nothing: it is not ours, or not yet;
--          2. without a key: SendGrid's message id and the address;
--          3. a bounce without a key (those that come back by Return-Path lose custom_args and message id): the address's
--             last send of the five days before it. A send whose message id is known to be another is not taken.
--          And the class of a bounce: a blocked one is soft, the others as include/sendgrid/event_vocabulary.py says. It tells events
--          apart, too: a block and a bounce of one second are two.
--          content_key is what an event says.
create or replace temp table tied as
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
        sends.message_key as sent_key,
        1 as rule,
        sends.planned_at as preferred
    from numbered
    inner join dispatch.sends as sends on numbered.message_key = sends.message_key
    where numbered.problem is null
),

by_message_id as (
    select
        numbered.arrival,
        sends.message_key as sent_key,
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
        sends.message_key as sent_key,
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
        sent_key
    from (
        from by_key
        union all
        from by_message_id
        union all
        from by_address
    )
    qualify row_number() over (partition by arrival order by rule, preferred desc, sent_key) = 1
),

people as (
    select
        message_key as sent_key,
        any_value(subscriber_id) as subscriber_id,
        any_value(address_key) as sent_address_key,
        any_value(campaign) as campaign,
        any_value(occurrence) as occurrence
    from dispatch.sends
    where message_key in (select sent_key from chosen)
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
    left join people using (sent_key)
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
            coalesce(sent_key, message_key, x_message_id, ''),
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
