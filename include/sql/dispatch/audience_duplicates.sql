-- name: audience_duplicates
-- owner: dispatch
-- grain: one row per selected subscriber (temp table audience)
-- params: campaign, occurrence
-- purpose: Where several people who could be mailed have one address, the one that was updated last is; the others are suppressed,
--          under the key of this occurrence like everybody who was not sent to. Only addresses whose hash is shared are looked
--          at: sorting everybody by address costs more than all the rest of judging.
update audience
set
    state = 'suppressed',
    reason = 'duplicate_address',
    message_key = message_key($campaign, $occurrence, audience.subscriber_id)::uuid
from (
    select subscriber.subscriber_id
    from audience as mailable
    inner join core.subscribers as subscriber on mailable.subscriber_id = subscriber.subscriber_id
    where
        mailable.state <> 'suppressed'
        and mailable.address_hash in (
            select address_hash
            from audience
            where state <> 'suppressed'
            group by address_hash
            having count(*) > 1
        )
    qualify
        row_number() over (
            partition by subscriber.address_key order by subscriber.updated_at desc, subscriber.subscriber_id asc
        ) > 1
) as doubled
where audience.subscriber_id = doubled.subscriber_id;
