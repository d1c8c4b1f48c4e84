-- name: 343_mail_events
-- owner: data
-- grain: one row per distinct event
-- params: none
-- purpose: The events of SendGrid's webhook, and the unsubscribes on our own pages, which no webhook reports, as events like
--          any other. Where the webhook reports the unsubscribe of a message too, it is one: the webhook's. Names its
--          columns: a view on * fails once a column is added.
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

select  -- noqa: AM07
    dedup_key,
    sg_event_id,
    message_key,
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
    verdict,
    signals,
    rule_version,
    spool_file,
    is_certain,
    'webhook' as source
from engagement.events
union all by name
select
    md5(concat('edge', chr(31), own_pages.message_key)) as dedup_key,
    own_pages.message_key,
    sends.subscriber_id,
    sends.campaign,
    sends.occurrence,
    'unsubscribed' as event,
    own_pages.happened_at as occurred_at,
    own_pages.happened_at as received_at,
    'human' as verdict,
    true as is_certain,
    'edge' as source
from own_pages
inner join dispatch.sends as sends on own_pages.message_key = sends.message_key;
