-- name: people
-- owner: dispatch
-- grain: one row per planned message, by group, most engaged first
-- params: by_zone, edge_url, version_and_key_id, confirm_head, inner_pad, outer_pad, columns
-- purpose: The fields from which slots are filled, with address and links. The only query of this stage that reads
--          core.identities. Tokens are computed before the sort, on all cores, and links after it, so that the sort moves less
--          data. Only the given columns are read and sorted. Links contain the message's language, for the page they open.
--          products: the lists of temp table person_product_lists as one JSON object.
--          confirm_head: the first bytes of confirmation tokens (include.core.token).
with product_lists as (
    select
        subscriber_id,
        json_group_object(list_name, items)::varchar as products
    from person_product_lists
    group by subscriber_id
),

people as (
    select
        mail_groups.mail_group,
        audience.message_key::varchar as message_key,
        audience.subscriber_id,
        audience.consent_expires_at,
        audience.locale as page_locale,
        subscriber.address_key,
        identity.email,
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
        product_list.products,
        unsubscribe_token(
            $version_and_key_id, $inner_pad, $outer_pad, audience.message_key, subscriber.address_key
        ) as token,
        confirm_token($confirm_head, $inner_pad, $outer_pad, audience.message_key, subscriber.address_key) as confirming
    from audience
    inner join mail_groups
        on
            audience.variant = mail_groups.variant
            and audience.locale = mail_groups.locale
            and audience.tracking_consent = mail_groups.tracking_consent
            and audience.mailbox_provider = mail_groups.mailbox_provider
            and if($by_zone, coalesce(audience.timezone, ''), '') = mail_groups.zone
            and coalesce(audience.send_hour, -1) = mail_groups.own_hour
    inner join core.identities as identity on audience.subscriber_id = identity.subscriber_id
    inner join core.subscribers as subscriber on audience.subscriber_id = subscriber.subscriber_id
    left join segment.features as feature on audience.subscriber_id = feature.subscriber_id
    left join product_lists as product_list on audience.subscriber_id = product_list.subscriber_id
    where audience.state = 'planned'
    order by mail_groups.mail_group, audience.engaged_days_ago, audience.message_key
),

linked as (
    select
        *,
        concat($edge_url::varchar, '/u/', token, '?l=', page_locale) as unsubscribe_url,
        concat($edge_url::varchar, '/preferences/', token, '?l=', page_locale) as preferences_url,
        concat($edge_url::varchar, '/confirm/', confirming, '?l=', page_locale) as confirm_url
    from people
)

select columns(lambda name: list_contains($columns::varchar[], name))
from linked;
