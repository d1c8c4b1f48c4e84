-- name: complaints
-- owner: operations
-- grain: one row per mailbox provider with deliveries in the last 60 days
-- params: as_of
-- purpose: Messages that were delivered and complained about in the last 30 days and in the 30 days before, by mailbox
--          provider. A message counts once, in the period of its first event of that kind.
with firsts as (
    select
        message_key,
        event,
        min(occurred_at) as occurred_at
    from engagement.events
    where event in ('delivered', 'complained') and occurred_at > $as_of::timestamptz - interval 90 days
    group by message_key, event
),

dated as (
    select
        firsts.event,
        sends.mailbox_provider as provider,
        firsts.occurred_at > $as_of::timestamptz - interval 30 days as is_recent
    from firsts
    inner join dispatch.sends as sends on firsts.message_key = sends.message_key
    where firsts.occurred_at > $as_of::timestamptz - interval 60 days and firsts.occurred_at <= $as_of
)

select
    provider,
    count(*) filter (where event = 'delivered' and is_recent) as delivered,
    count(*) filter (where event = 'complained' and is_recent) as complaints,
    count(*) filter (where event = 'delivered' and not is_recent) as delivered_before,
    count(*) filter (where event = 'complained' and not is_recent) as complaints_before
from dated
group by provider
order by provider;
