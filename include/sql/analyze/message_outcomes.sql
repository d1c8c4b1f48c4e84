-- name: message_outcomes
-- owner: analytics
-- grain: one row per message with an event
-- params: none
-- purpose: Temporary table with the outcome of each message, from its events and from the unsubscribes of the ledger: the
--          base of every mart that counts people. human_* follow the classification, so an unsubscribe by a scanner is not
--          counted. bounce_class is the most severe of the message's bounces: hard, soft, other.
create or replace temp table message_outcomes as
with happened as (
    select
        message_key,
        event,
        occurred_at,
        bounce_class,
        verdict
    from engagement.events
    union all by name
    select
        message_key,
        'unsubscribed' as event,
        happened_at as occurred_at
    from engagement.opt_outs
)

select
    message_key,
    min(occurred_at) filter (where event = 'processed') as processed_at,
    min(occurred_at) filter (where event = 'delivered') as delivered_at,
    min(occurred_at) filter (where event = 'opened' and verdict = 'human') as first_human_open_at,
    min(occurred_at) filter (where event = 'clicked' and verdict = 'human') as first_human_click_at,
    min(occurred_at) filter (
        where event in ('unsubscribed', 'group_unsubscribed') and verdict is distinct from 'machine'
    ) as unsubscribed_at,
    min(occurred_at) filter (where event = 'complained') as complained_at,
    min(occurred_at) filter (where event = 'bounced') as bounced_at,
    case
        when bool_or(bounce_class = 'hard') filter (where event = 'bounced') then 'hard'
        when bool_or(bounce_class = 'soft') filter (where event = 'bounced') then 'soft'
        when bool_or(event = 'bounced') then 'other'
    end as bounce_class,
    bool_or(event = 'dropped') as was_dropped,
    bool_or(event = 'deferred') as was_deferred,
    count(*) filter (where event = 'opened') as raw_opens,
    count(*) filter (where event = 'clicked') as raw_clicks
from happened
group by message_key;
