-- name: messages
-- owner: data
-- grain: one row per changed message
-- params: none
-- purpose: The messages to build again: those with new or reclassified events or an unsubscribe; sends that differ from those of the
--          last build, of plans that were recorded again; and messages of which a link is published in another form (others
--          clicked it too) or the person joined at another time or moved.
with recorded as (
    select distinct plan_id
    from build.changes
    where plan_id is not null
),

stored as (
    select
        message_key,
        plan_id,
        campaign,
        occurrence,
        subscriber_id,
        variant,
        mailbox_provider,
        state,
        reason,
        lost_to_campaign,
        lost_to_occurrence,
        tracked,
        planned_at,
        sent_at
    from dispatch.sends
    semi join recorded on sends.plan_id = recorded.plan_id
),

built as (
    select
        message_key,
        plan_id,
        campaign,
        occurrence,
        subscriber_id,
        variant,
        mailbox_provider,
        state,
        reason,
        lost_to_campaign,
        lost_to_occurrence,
        tracked,
        planned_at,
        sent_at
    from marts.sends
    semi join recorded on sends.plan_id = recorded.plan_id
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
),

links as (
    select coalesce(now.url, before.url) as url
    from build.public_links as now
    full outer join links_before as before on now.url = before.url
    where now.public_url is distinct from before.public_url
),

people as (
    select coalesce(now.subscriber_id, before.subscriber_id) as subscriber_id
    from marts.subscribers as now
    full outer join people_before as before on now.subscriber_id = before.subscriber_id
    where now.joined_at is distinct from before.joined_at or now.timezone is distinct from before.timezone
)

select message_key
from build.changes
where message_key is not null
union
select message_key
from differing
union
select events.message_key
from engagement.events
semi join links on events.url = links.url
union
select sends.message_key
from marts.sends
semi join people on sends.subscriber_id = people.subscriber_id;
