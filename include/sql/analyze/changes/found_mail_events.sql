-- name: found_mail_events
-- owner: data
-- grain: one row per event of a changed message
-- params: none
-- purpose: Of the changed messages, what the view engagement.mail_events holds: their events, and the unsubscribes on our own pages that
--          the webhook did not report.
with own_pages as (
    select
        opt_outs.message_key,
        opt_outs.happened_at
    from engagement.opt_outs as opt_outs
    semi join changed_messages on opt_outs.message_key = changed_messages.message_key
    anti join found_events as reported
        on
            opt_outs.message_key = reported.message_key
            and reported.event in ('unsubscribed', 'group_unsubscribed')
            and reported.verdict is distinct from 'machine'
)

select
    *,
    'webhook' as source
from found_events
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
