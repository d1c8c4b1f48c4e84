-- name: message_outcomes
-- owner: analytics
-- grain: one row per message with an event
-- params: none
-- rebuild: by message
-- purpose: The outcome of each message, from its events and from the unsubscribes of the ledger: the
--          base of every mart that counts people. human_* follow the classification, so an unsubscribe by a scanner is not
--          counted. surely_* and maybe_* are the bounds: whether a person surely did it, and whether a person may have done
--          it, because the verdict is human or not certain (classify.sql). bounce_class is the most severe of the message's
--          bounces: hard, soft, other.
create or replace table build.message_outcomes as
with happened as (
    select
        message_key,
        event,
        occurred_at,
        bounce_class,
        verdict,
        verdict = 'human' and coalesce(is_certain, false) as is_surely_human,
        verdict = 'human' or (verdict = 'machine' and not coalesce(is_certain, false)) as may_be_human
    from temp.stored_events
    union all by name
    select
        message_key,
        'unsubscribed' as event,
        happened_at as occurred_at
    from temp.opt_outs
)

select
    message_key,
    min(occurred_at) as first_at,
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
    coalesce(bool_or(is_surely_human) filter (where event = 'opened'), false) as surely_opened,
    coalesce(bool_or(may_be_human) filter (where event = 'opened'), false) as maybe_opened,
    coalesce(bool_or(is_surely_human) filter (where event = 'clicked'), false) as surely_clicked,
    coalesce(bool_or(may_be_human) filter (where event = 'clicked'), false) as maybe_clicked,
    count(*) filter (where event = 'opened') as raw_opens,
    count(*) filter (where event = 'clicked') as raw_clicks
from happened
group by message_key;
