-- name: 389_segment_facts_of_features
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The facts of the features that an earlier version stored, so that nobody is without features until the next run, which
--          computes everybody. Features of before the upgrade keep what they were.
insert into segment.facts by name
select
    features.subscriber_id,
    coalesce(subscribers.signed_up_at, features.as_of - to_days(features.days_since_signup)) as signed_up_at,
    coalesce(subscribers.tracking_consent, false) as tracking_consent,
    if(features.days_until_birthday is null, null, right(subscribers.attributes ->> 'birthday', 5)) as birthday,
    features.first_purchased_at,
    features.last_purchased_at,
    features.purchases,
    features.purchase_days,
    features.revenue,
    features.unconverted,
    features.last_human_engaged_at,
    features.human_opens_90d,
    features.human_clicks_90d,
    features.human_opens_30d,
    features.human_clicks_30d,
    features.last_activity_at,
    features.activities_7d,
    features.activities_30d
from segment.features as features
left join core.subscribers as subscribers on features.subscriber_id = subscribers.subscriber_id;
