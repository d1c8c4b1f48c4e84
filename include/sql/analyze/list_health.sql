-- name: list_health
-- owner: analytics
-- grain: one row per day
-- params: as_of
-- purpose: The state of the list on the day of as_of; other days are kept. mailable: subscribers that a plan would mail,
--          with no withheld_for in people_as_of. consented: subscribed with a lawful basis and a consent that has not
--          expired. Engagement is by the last sign of life, as in segment.features.
insert into marts.list_health by name
with people as (
    select
        subscribers.* exclude (withheld_for),
        subscribers.withheld_for is null as is_mailable,
        subscribers.deleted_at is null as present,
        suppressions.address_key is not null as is_suppressed,
        subscribers.lawful_basis is not null
        and coalesce(subscribers.consented_at <= $as_of, false)
        and coalesce(subscribers.consent_expires_at > $as_of, true) as has_consent,
        features.engagement_level
    from people_as_of($as_of) as subscribers
    left join (select distinct address_key from core.suppressions) as suppressions using (address_key)
    left join segment.features using (subscriber_id)
)

select
    utc_day($as_of::timestamptz) as day,
    count(*) filter (where present) as subscribers,
    count(*) filter (where present and status = 'subscribed') as subscribed,
    count(*) filter (where present and status = 'unsubscribed') as unsubscribed,
    count(*) filter (where present and status = 'pending') as pending,
    count(*) filter (where not present) as deleted,
    count(*) filter (where present and has_consent) as consented,
    count(*) filter (where present and is_suppressed) as suppressed,
    count(*) filter (where is_mailable) as mailable,
    count(*) filter (where present and tracking_consent) as tracking_consented,
    count(*) filter (where present and engagement_level = 'engaged') as engaged_30d,
    count(*) filter (where present and engagement_level in ('engaged', 'warm')) as engaged_90d,
    count(*) filter (where present and engagement_level = 'dormant') as dormant_180d
from people;
