-- name: audience_not_planned
-- owner: dispatch
-- grain: one row per selected subscriber who was not planned
-- params: none
-- purpose: Selected people who were not planned, with state and reason, for the plan's audience file: keys, no address.
select
    audience.message_key::varchar as message_key,
    audience.subscriber_id,
    subscriber.address_key,
    audience.variant,
    audience.mailbox_provider,
    audience.state::varchar as state,
    audience.reason,
    null::integer as chunk,
    null::integer as row,
    audience.lost_to_campaign,
    audience.lost_to_occurrence
from audience
inner join core.subscribers as subscriber using (subscriber_id)
where audience.state <> 'planned';
