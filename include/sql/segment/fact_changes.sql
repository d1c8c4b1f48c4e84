-- name: fact_changes
-- owner: data
-- grain: one row per person
-- params: before, as_of
-- purpose: Who may have other facts as of as_of than as of `before`, the time of the present ones, and of which source: whose
--          purchases, activities or verdicts changed; who has something that came in between, or fell out of the last 7, 30 or
--          90 days; and, with all sources, who is new on the list, has left it, or has another sign-up, birthday or consent to
--          tracking. List and facts are compared by sums of hashes of some people (eighty of ten million): the rows of these people are read only
--          where the sums differ, and a row that both have cancels out.
with listed as not materialized (
    select
        subscriber_id,
        hash(subscriber_id) % 131072 as bucket,
        hash(subscriber_id, signed_up_at, tracking_consent, month_and_day(attributes ->> 'birthday')) as fingerprint
    from core.subscribers
    where is_listed(deleted_at, signed_up_at, $as_of)
    union all
    select
        subscriber_id,
        hash(subscriber_id) % 131072 as bucket,
        hash(subscriber_id, signed_up_at, tracking_consent, birthday) as fingerprint
    from segment.facts
),

different_buckets as (
    select bucket
    from listed
    group by bucket
    having bit_xor(fingerprint) <> 0
),

changes as (
    select
        subscriber_id,
        source
    from segment.changes
    where subscriber_id is not null
    union all
    select
        listed.subscriber_id,
        'subscribers' as source
    from listed
    semi join different_buckets on listed.bucket = different_buckets.bucket
    group by listed.subscriber_id, listed.fingerprint
    having count(*) = 1
    union all
    select
        subscriber_id,
        'purchases' as source
    from core.purchases
    where purchased_at > $before and purchased_at <= $as_of
    union all
    select
        subscriber_id,
        'activities' as source
    from core.activities
    where
        (happened_at > $before and happened_at <= $as_of)
        or (
            happened_at > $before::timestamptz - interval 7 day and happened_at <= $as_of::timestamptz - interval 7 day
        )
        or (
            happened_at > $before::timestamptz - interval 30 day and happened_at <= $as_of::timestamptz - interval 30 day
        )
    union all
    select
        subscriber_id,
        'events' as source
    from engagement.events
    where
        verdict = 'human'
        and event in ('opened', 'clicked')
        and (
            (occurred_at > $before and occurred_at <= $as_of)
            or (
                occurred_at > $before::timestamptz - interval 30 day
                and occurred_at <= $as_of::timestamptz - interval 30 day
            )
            or (
                occurred_at > $before::timestamptz - interval 90 day
                and occurred_at <= $as_of::timestamptz - interval 90 day
            )
        )
)

select
    subscriber_id,
    bool_or(source in ('purchases', 'subscribers')) as has_purchases,
    bool_or(source in ('activities', 'subscribers')) as has_activities,
    bool_or(source in ('events', 'subscribers')) as has_events
from changes
group by subscriber_id;
