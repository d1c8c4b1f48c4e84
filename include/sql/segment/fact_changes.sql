-- name: fact_changes
-- owner: data
-- grain: one row per person
-- params: before, as_of
-- purpose: Who may have other facts as of as_of than as of `before`, the time of the present ones: whose purchases, activities or verdicts
--          changed; who is new on the list, has left it, or has another sign-up, birthday or consent to tracking; and who has
--          something that came in between, or fell out of the last 7, 30 or 90 days. The consent is never null, so that it differs
--          for who is on one side only.
select subscriber_id
from segment.changes
where subscriber_id is not null
union
select coalesce(listed.subscriber_id, facts.subscriber_id) as subscriber_id
from (
    select
        subscriber_id,
        signed_up_at,
        tracking_consent,
        month_and_day(attributes ->> 'birthday') as birthday
    from core.subscribers
    where is_listed(deleted_at, signed_up_at, $as_of)
) as listed
full join segment.facts as facts on listed.subscriber_id = facts.subscriber_id
where
    listed.tracking_consent is distinct from facts.tracking_consent
    or listed.signed_up_at is distinct from facts.signed_up_at
    or listed.birthday is distinct from facts.birthday
union
select subscriber_id
from core.purchases
where purchased_at > $before and purchased_at <= $as_of
union
select subscriber_id
from core.activities
where
    (happened_at > $before and happened_at <= $as_of)
    or (
        happened_at > $before::timestamptz - interval 7 day and happened_at <= $as_of::timestamptz - interval 7 day
    )
    or (
        happened_at > $before::timestamptz - interval 30 day and happened_at <= $as_of::timestamptz - interval 30 day
    )
union
select subscriber_id
from engagement.events
where
    verdict = 'human'
    and event in ('opened', 'clicked')
    and (
        (occurred_at > $before and occurred_at <= $as_of)
        or (
            occurred_at > $before::timestamptz - interval 30 day and occurred_at <= $as_of::timestamptz - interval 30 day
        )
        or (
            occurred_at > $before::timestamptz - interval 90 day and occurred_at <= $as_of::timestamptz - interval 90 day
        )
    );
