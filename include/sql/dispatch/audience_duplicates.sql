-- name: audience_duplicates
-- owner: dispatch
-- grain: one row per selected subscriber (temp table audience)
-- params: campaign, occurrence
-- purpose: Among people who share an address, keeps the one updated last and suppresses the others, with a message key of this
--          occurrence like all suppressed people. Only rows with a shared address hash are sorted: sorting all people by address
--          takes longer than the rest of the audience query.
update audience
set
    state = 'suppressed',
    reason = 'duplicate_address',
    lost_to_campaign = null,
    lost_to_occurrence = null,
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
