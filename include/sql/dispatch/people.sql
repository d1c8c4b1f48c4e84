-- name: people
-- owner: dispatch
-- grain: one row a planned message, in the order of chunks
-- params: edge_url, version_and_key_id, inner_pad, outer_pad
-- purpose: What the slots are filled from, with address and links. The only query of this stage that reads core.identities.
--          Tokens are made before the sort, by every core; links after it, so that it need not move them.
with people as (
    select
        placed.chunk,
        placed.row,
        placed.content,
        placed.mailbox_provider,
        placed.message_key,
        placed.address_key,
        placed.zone,
        placed.send_at,
        placed.not_after,
        identity.email,
        placed.subscriber_id,
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
        unsubscribe_token(
            $version_and_key_id, $inner_pad, $outer_pad, placed.message_key, placed.address_key
        ) as token
    from placed
    inner join core.identities as identity using (subscriber_id)
    inner join core.subscribers as subscriber using (subscriber_id)
    left join segment.features as feature using (subscriber_id)
    order by placed.chunk, placed.row
)

select
    *,
    concat($edge_url::varchar, '/u/', token) as unsubscribe_url,
    concat($edge_url::varchar, '/preferences/', token) as preferences_url
from people;
