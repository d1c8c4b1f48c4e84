-- name: subscribers
-- owner: analytics
-- grain: one row per subscriber
-- params: as_of
-- purpose: Sign-ups without names and addresses: who the people are, when they joined the list and when they left it. A person
--          joins with the sign-up (of an unknown time: with the consent, or the last change of the row) and is a member until
--          one of left_reason holds. Who never confirmed or never gave a valid consent has not joined. People who pause,
--          whose row is in quarantine or was missing in one pass are members. Who returned has not left.
create or replace table marts.subscribers as
with bounces as (
    select
        address_key,
        max(happened_at) as bounced_at
    from core.suppressions
    where reason not in ('unsubscribe', 'spam_complaint')
    group by address_key
),

people as (
    select
        subscriber.*,
        coalesce(subscriber.withheld_for, '') not in ('not_confirmed', 'no_lawful_basis', 'no_proof_of_consent')
            as has_joined,
        coalesce(subscriber.signed_up_at, subscriber.consented_at, subscriber.updated_at) as first_seen_at,
        case
            when subscriber.withheld_for = 'deleted_at_source' then subscriber.deleted_at
            when subscriber.withheld_for = 'unsubscribed_at_source' then standing.refused_at
            when subscriber.withheld_for in ('unsubscribe', 'spam_complaint')
                then coalesce(if(isinf(standing.left_at), null, standing.left_at), standing.declined_at)
            when subscriber.withheld_for = 'consent_expired' then subscriber.consent_expires_at
            else bounces.bounced_at
        end as gone_at,
        subscriber.withheld_for in ('not_confirmed', 'paused', 'row_quarantined', 'unseen_at_source') as is_temporary
    from people_as_of($as_of) as subscriber
    left join core.standing as standing on subscriber.subscriber_id = standing.subscriber_id
    left join bounces on subscriber.address_key = bounces.address_key
),

dated as (
    select
        *,
        if(has_joined, first_seen_at, null) as joined_at,
        has_joined and withheld_for is not null and not is_temporary as has_left,
        greatest(first_seen_at, coalesce(if(isinf(gone_at), null, gone_at), updated_at)) as last_seen_at
    from people
)

select
    subscriber_id,
    signed_up_at,
    date_trunc('month', utc_day(signed_up_at))::date as signup_month,
    joined_at,
    if(has_left, last_seen_at, null) as left_at,
    if(has_left, withheld_for, null) as left_reason,
    joined_at is not null and not has_left as is_member,
    withheld_for is null as is_mailable,
    country,
    locale,
    timezone,
    mailbox_provider,
    tracking_consent
from dated;
