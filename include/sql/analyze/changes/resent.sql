-- name: resent
-- owner: data
-- grain: one row per person
-- params: none
-- purpose: The people with a changed message whose sending differs from the last build, with the first and last time of it.
with built as (
    select
        sends.message_key,
        sends.subscriber_id,
        coalesce(sends.sent_at, sends.planned_at) as sent_at
    from marts.sends
    semi join (
        from changed_messages
        where message_key <> ''
    ) as changed on sends.message_key = changed.message_key
    where sends.state = 'accepted'
),

stored as (
    select
        sends.message_key,
        sends.subscriber_id,
        coalesce(sends.sent_at, sends.planned_at) as sent_at
    from dispatch.sends
    semi join (
        from changed_messages
        where message_key <> ''
    ) as changed on sends.message_key = changed.message_key
    where sends.state = 'accepted'
),

differing as (
    (
        from stored
        except all
        from built
    )
    union all
    (
        from built
        except all
        from stored
    )
)

select
    subscriber_id,
    min(sent_at) as first_at,
    max(sent_at) as last_at
from differing
group by subscriber_id;
