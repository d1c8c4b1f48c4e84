-- name: list_engagement
-- owner: operations
-- grain: one row
-- params: as_of, min_messages = 5
-- purpose: Of the people who may be mailed: how many are dormant (no sign of life for 180 days, as in segment.features), how
--          many of those were mailed in the last 30 days, and how many got min_messages or more and never reacted. The last is
--          counted only among people who consented to tracking: of others, opens are not seen.
with mail as (
    select
        subscriber_id,
        count(*) as messages,
        count(*) filter (where coalesce(sent_at, planned_at) > $as_of::timestamptz - interval 30 days) as messages_30d
    from dispatch.sends
    where state = 'accepted'
    group by subscriber_id
),

people as (
    select
        people.tracking_consent,
        features.engagement_level,
        features.last_human_engaged_at is null and features.last_purchased_at is null as has_not_reacted,
        coalesce(mail.messages, 0) as messages,
        coalesce(mail.messages_30d, 0) as messages_30d
    from people_as_of($as_of) as people
    left join segment.features using (subscriber_id)
    left join mail using (subscriber_id)
    where people.withheld_for is null
)

select
    count(*) as mailable,
    count(engagement_level) as known,
    count(*) filter (where messages_30d > 0) as mailed,
    count(*) filter (where engagement_level = 'dormant') as dormant,
    count(*) filter (where engagement_level = 'dormant' and messages_30d > 0) as dormant_mailed,
    count(*) filter (where tracking_consent and messages >= $min_messages) as often_mailed,
    count(*) filter (where tracking_consent and messages >= $min_messages and has_not_reacted) as never_reacted
from people;
