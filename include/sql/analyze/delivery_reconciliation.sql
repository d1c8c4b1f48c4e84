-- name: delivery_reconciliation
-- owner: analytics
-- grain: one row per campaign and day of sending (UTC)
-- params: as_of, since, in_flight_hours, delivery_limit
-- purpose: The ledger against the events: of the messages that were accepted on a day, how many were delivered, and where the
--          others are. Each message is in one class, the first that applies: delivered, bounced, suppressed_by_sendgrid
--          (dropped after it was accepted), and without any of these for $in_flight_hours hours, for which SendGrid tries,
--          deferred or in_flight; after that it is unknown. is_over_limit:
--          the unknown part is larger than $delivery_limit of the accepted. Days from $since on. marts.sends has every row of dispatch.sends
--          (check marts_complete) with its delivery and bounce: only the others are joined to their outcome.
create or replace table marts.delivery_reconciliation as
with accepted as (
    select
        message_key,
        campaign,
        coalesce(sent_at, planned_at) as sent_at,
        case when delivered_at is not null then 'delivered' when bounced_at is not null then 'bounced' end as class
    from marts.sends
    where state = 'accepted' and coalesce(sent_at, planned_at) >= $since
),

others as (
    select
        message_key,
        campaign,
        sent_at
    from accepted
    where class is null
),

told as (
    select
        message_key,
        was_dropped,
        was_deferred
    from build.message_outcomes
    semi join (
        from others
        where message_key <> ''
    ) as asked using (message_key)
),

classed as (
    select
        campaign,
        utc_day(sent_at) as day,
        class
    from accepted
    where class is not null
    union all
    select
        others.campaign,
        utc_day(others.sent_at) as day,
        case
            when told.was_dropped then 'suppressed_by_sendgrid'
            when others.sent_at < $as_of::timestamptz - to_hours($in_flight_hours) then 'unknown'
            when told.was_deferred then 'deferred'
            else 'in_flight'
        end as class
    from others
    left join told on others.message_key = told.message_key
)

select
    campaign,
    day,
    count(*) as accepted,
    count(*) filter (where class = 'delivered') as delivered,
    count(*) filter (where class <> 'delivered') as difference,
    count(*) filter (where class = 'bounced') as bounced,
    count(*) filter (where class = 'suppressed_by_sendgrid') as suppressed_by_sendgrid,
    count(*) filter (where class = 'deferred') as deferred,
    count(*) filter (where class = 'in_flight') as in_flight,
    count(*) filter (where class = 'unknown') as unknown,
    unknown = 0 as holds,
    unknown > accepted * $delivery_limit as is_over_limit
from classed
group by campaign, day
order by day desc, campaign asc;
