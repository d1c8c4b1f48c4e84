-- name: 321_mail_events
-- owner: data
-- grain: one row per distinct event
-- params: none
-- purpose: The events of SendGrid's webhook, and the unsubscribes on our own pages, which no webhook reports, as events like
--          any other. Where the webhook reports the unsubscribe of a message too, it is one: the webhook's. The columns are
--          named, since a view with * breaks when its table gets another column.
create or replace view engagement.mail_events as
with reported as (
    select message_key
    from engagement.events
    where event in ('unsubscribed', 'group_unsubscribed') and verdict is distinct from 'machine'
),

own_pages as (
    select
        opt_outs.message_key,
        opt_outs.happened_at
    from engagement.opt_outs as opt_outs
    anti join reported on opt_outs.message_key = reported.message_key
)

select
    dedup_key,
    message_key,
    subscriber_id,
    campaign,
    occurrence,
    event,
    occurred_at,
    received_at,
    bounce_class,
    bounce_classification,
    smtp_status,
    url,
    user_agent,
    verdict,
    signals,
    rule_version,
    'webhook' as source
from engagement.events
union all
select
    md5(concat('edge', chr(31), own_pages.message_key)) as dedup_key,
    own_pages.message_key,
    sends.subscriber_id,
    sends.campaign,
    sends.occurrence,
    'unsubscribed' as event,
    own_pages.happened_at as occurred_at,
    own_pages.happened_at as received_at,
    null::varchar as bounce_class,
    null::varchar as bounce_classification,
    null::varchar as smtp_status,
    null::varchar as url,
    null::varchar as user_agent,
    'human' as verdict,
    null::varchar[] as signals,
    null::integer as rule_version,
    'edge' as source
from own_pages
inner join dispatch.sends as sends on own_pages.message_key = sends.message_key;
