-- name: 210_standing
-- owner: data
-- grain: one row per subscriber with an answer
-- params: none
-- purpose: The newest answers about a person, who is an id and every address it ever had: at the source (refused_at;
--          refusal_learned_at, when the last new refusal landed; is_held while a quarantined row is pending), by one-click
--          or complaint (left_at; has_left without a later confirmation), on our pages (confirmed_at, declined_at,
--          tracked_at, untracked_at; paused_at, when they last paused their mail for 30 days (the answer no to
--          next_30_days), and unpaused_at, when they last ended a pause). barred_for outlasts every answer; a bounce
--          applies to the present address only. An answer without a time is the newest if it is a no, and the oldest if it
--          is a yes.
create or replace view core.standing as
with told as (
    select
        address_key,
        refused_at,
        learned_at as refusal_learned_at
    from core.refusals
    where address_key is not null
    union all by name
    select
        address_key,
        updated_at as refused_at,
        updated_at as refusal_learned_at
    from core.subscribers
    where status = 'unsubscribed'
    union all by name
    select
        address_key,
        coalesce(happened_at, 'infinity'::timestamptz) as left_at,
        reason as left_for
    from core.suppressions
    where reason in ('unsubscribe', 'spam_complaint')
    union all by name
    select
        address_key,
        reason as bounced_for
    from core.suppressions
    where reason in ('hard_bounce', 'invalid_address')
    union all by name
    select
        address_key,
        reason as barred_for
    from core.suppressions
    where reason not in ('unsubscribe', 'spam_complaint', 'hard_bounce', 'invalid_address')
    union all by name
    select
        address_key,
        case when topic = 'marketing' and given then coalesce(happened_at, '-infinity'::timestamptz) end as confirmed_at,
        case when topic = 'marketing' and not given then coalesce(happened_at, 'infinity'::timestamptz) end as declined_at,
        case when topic = 'tracking' and given then coalesce(happened_at, '-infinity'::timestamptz) end as tracked_at,
        case when topic = 'tracking' and not given then coalesce(happened_at, 'infinity'::timestamptz) end as untracked_at,
        case
            when topic = 'next_30_days' and not given then coalesce(happened_at, 'infinity'::timestamptz)
        end as paused_at,
        case
            when topic = 'next_30_days' and given then coalesce(happened_at, '-infinity'::timestamptz)
        end as unpaused_at
    from core.consent_answers
    where topic in ('marketing', 'tracking', 'next_30_days')
),

by_address as (
    select
        address_key,
        max(refused_at) as refused_at,
        max(refusal_learned_at) as refusal_learned_at,
        max(left_at) as left_at,
        arg_max(left_for, left_at) as left_for,
        max(bounced_for) as bounced_for,
        max(barred_for) as barred_for,
        max(confirmed_at) as confirmed_at,
        max(declined_at) as declined_at,
        max(tracked_at) as tracked_at,
        max(untracked_at) as untracked_at,
        max(paused_at) as paused_at,
        max(unpaused_at) as unpaused_at
    from told
    group by address_key
),

answers as (
    select
        holdings.subscriber_id,
        by_address.* exclude (address_key, bounced_for),
        if(holdings.is_current, by_address.bounced_for, null) as bounced_for,
        false as is_held
    from core.holdings
    inner join by_address on holdings.address_key = by_address.address_key
    union all by name
    select
        subscriber_id,
        refused_at,
        learned_at as refusal_learned_at,
        false as is_held
    from core.refusals
    where subscriber_id is not null
    union all by name
    select
        subscriber_id,
        true as is_held
    from core.held_back
)

select
    subscriber_id,
    max(refused_at) as refused_at,
    max(refusal_learned_at) as refusal_learned_at,
    max(left_at) as left_at,
    arg_max(left_for, left_at) as left_for,
    max(bounced_for) as bounced_for,
    max(barred_for) as barred_for,
    max(confirmed_at) as confirmed_at,
    max(left_at) is not null and not coalesce(max(confirmed_at) > max(left_at), false) as has_left,
    max(declined_at) as declined_at,
    max(tracked_at) as tracked_at,
    max(untracked_at) as untracked_at,
    max(paused_at) as paused_at,
    max(unpaused_at) as unpaused_at,
    bool_or(is_held) as is_held
from answers
group by subscriber_id;
