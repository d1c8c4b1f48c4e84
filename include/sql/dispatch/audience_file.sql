-- name: audience_file
-- owner: dispatch
-- grain: one row a selected subscriber
-- params: none
-- purpose: The frozen audience as it is kept beside the plan: keys and verdicts, no address.
select
    audience.message_key,
    audience.subscriber_id,
    audience.address_key,
    audience.variant,
    audience.mailbox_provider,
    audience.state,
    audience.reason,
    placed.chunk,
    placed.row
from audience
left join placed using (message_key)
order by placed.chunk, placed.row;
