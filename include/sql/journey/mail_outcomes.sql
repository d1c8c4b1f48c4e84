-- name: mail_outcomes
-- owner: dispatch
-- grain: one row per person who was selected for a mail step
-- params: cap_since
-- purpose: What became of the people of temp table selected in the plan (temp table audience), with their time zone and, for
--          those within the frequency cap, the time of their newest message. No state: the message of this trigger was sent
--          by an earlier plan, or the person is no subscriber any more (is_known is false).
with recent as (
    select
        address_key,
        max(coalesce(sent_at, planned_at)) as mailed_at
    from dispatch.sends
    where coalesce(sent_at, planned_at) > $cap_since and state in ('pending', 'accepted', 'in_doubt')
    group by address_key
)

select
    selected.entry_id,
    subscriber.timezone,
    subscriber.subscriber_id is not null as is_known,
    audience.state::varchar as state,
    audience.reason,
    audience.message_key::varchar as message_key,
    epoch(recent.mailed_at) as mailed_at
from selected
left join audience on selected.subscriber_id = audience.subscriber_id
left join core.subscribers as subscriber on selected.subscriber_id = subscriber.subscriber_id
left join recent on audience.state = 'capped' and subscriber.address_key = recent.address_key;
