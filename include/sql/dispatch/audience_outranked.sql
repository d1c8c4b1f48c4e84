-- name: audience_outranked
-- owner: dispatch
-- grain: one row per selected subscriber (temp table audience)
-- params: campaign, occurrence, places
-- purpose: Caps who is claimed by a run of higher rank (places of temp table claims), with the highest of these as the one they
--          lost to. People of the hold-out are capped too, so that the two arms of the experiment stay comparable. A capped person
--          has a key of this occurrence, like all capped people, so that a later run can send to them.
update audience
set
    state = 'capped',
    reason = 'outranked',
    lost_to_campaign = claimed.campaign,
    lost_to_occurrence = claimed.occurrence,
    message_key = message_key($campaign, $occurrence, audience.subscriber_id)::uuid
from (
    select
        subscriber.subscriber_id,
        min_by(claims.campaign, claims.place) as campaign,
        min_by(claims.occurrence, claims.place) as occurrence
    from claims
    inner join core.subscribers as subscriber using (address_key)
    where list_contains($places::integer[], claims.place)
    group by subscriber.subscriber_id
) as claimed
where audience.subscriber_id = claimed.subscriber_id and audience.state in ('planned', 'held_out');
