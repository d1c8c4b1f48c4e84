-- name: people
-- owner: dispatch
-- grain: one row a planned message, in the order of chunks
-- params: edge_url, version_and_key_id, inner_pad, outer_pad
-- purpose: What the slots are filled from, with address and links. The only query of this stage that reads core.identities.
with signed as (
    select
        *,
        unsubscribe_token($version_and_key_id, $inner_pad, $outer_pad, message_key, address_key) as token
    from placed
)

select
    signed.chunk,
    signed.row,
    signed.content,
    signed.mailbox_provider,
    signed.message_key,
    signed.address_key,
    signed.zone,
    signed.send_at,
    signed.not_after,
    identity.email,
    signed.subscriber_id,
    identity.first_name,
    identity.last_name,
    subscriber.country,
    subscriber.locale,
    subscriber.timezone,
    subscriber.signed_up_at,
    feature.purchases,
    feature.revenue,
    feature.first_purchased_at,
    feature.last_purchased_at,
    feature.days_since_purchase,
    feature.lifecycle_stage,
    subscriber.attributes::varchar as attributes,
    signed.token,
    concat($edge_url::varchar, '/u/', signed.token) as unsubscribe_url,
    concat($edge_url::varchar, '/preferences/', signed.token) as preferences_url
from signed
inner join core.identities as identity using (subscriber_id)
inner join core.subscribers as subscriber using (subscriber_id)
left join segment.features as feature using (subscriber_id)
order by signed.chunk, signed.row;
